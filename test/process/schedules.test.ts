import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'bullmq';
import { describe, expect, test } from 'vitest';
import type { Fate, Fire } from '../../src/model/schedule.js';
import type { Report } from '../../src/model/window.js';
import { connect, redisNow } from '../../src/store/redis.js';
import { listLedgers, readFiresTogether } from '../../src/store/schedules/fires-together.js';
import { listSchedules } from '../../src/store/schedules/schedules.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { ROOT, type RunningProcess, runCli, spawnCli } from '../support/processes.js';
import { makeCurrent, sampleRelease } from '../support/sample-releases.js';
import { applies, setState } from '../support/schedules.js';
import { type TestStore, useStore } from '../support/store.js';
import { tempDir } from '../support/temp-dir.js';
import { type Product, startProduct } from './support/product.js';

const second = 1_000;
const hour = 3_600_000;
const APPS = ['one', 'two'];
const PER_APP = 1_000;
const QUEUES = 4;
/** They fall due within so long. */
const SPREAD = 10 * second;

async function serve(store: TestStore, env: Record<string, string> = {}): Promise<RunningProcess> {
  const server = spawnCli(['serve', '--port', '0'], {
    env: { ...store.env, SLACKWATER_DATA: tempDir('schedules'), ...env },
  });
  await server.line(/^ready (http:\S+)$/);
  return server;
}

const queueOf = (app: string, i: number) => `${app}-${i % QUEUES}`;
const names = Array.from({ length: PER_APP }, (_, i) => `job-${i}`);

/** Two apps of a thousand schedules each, all of them still to fall due, within `SPREAD`. @returns when the last does, ms. */
async function twoThousand(store: TestStore): Promise<number> {
  for (const letters of ['ab', 'cd', 'ef']) {
    const from = Math.ceil((await redisNow(store.redis)) / second) * second + 8 * second;
    for (const [k, app] of APPS.entries()) {
      const jobs = names.map((name, i) => ({ name, queue: queueOf(app, i) }));
      const schedules = names.map((job, i) => {
        const at = new Date(from + (i % (SPREAD / second)) * second);
        const cron = `${at.getUTCSeconds()} ${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
        return { job, cron, jitterMs: 0 };
      });
      const id = await sampleRelease(store, letters[k]!, { app, jobs, schedules });
      await makeCurrent(store, { app, id });
      await store.redis.publish(store.keys.wake, '');
      await applies(store, id, app);
    }
    // All of them were known in time; a machine that is too slow today gets another chance.
    if ((await redisNow(store.redis)) < from) return from + SPREAD;
  }
  throw new Error('two thousand schedules are not known within eight seconds');
}

/** Does the runs of all queues. @returns how often each was done, by its ID. */
function doAll(store: TestStore): Map<string, number> {
  const done = new Map<string, number>();
  for (const app of APPS)
    for (let i = 0; i < QUEUES; i++) {
      const connection = connect({ url: store.url });
      const worker = new Worker(
        queueOf(app, i),
        async job => {
          done.set(job.id!, (done.get(job.id!) ?? 0) + 1);
        },
        { connection: connection as never, prefix: store.queuePrefix, concurrency: 50 },
      );
      onEnd(async () => {
        await worker.close(true);
        connection.disconnect();
      });
    }
  return done;
}

async function ledger(store: TestStore): Promise<Fire[]> {
  return (await readFiresTogether(store, await listLedgers(store), { limit: 5_000 })).items;
}

async function eachOnce(store: TestStore, done: Map<string, number>): Promise<void> {
  const all = APPS.length * PER_APP;
  await eventually(async () => (await ledger(store)).length >= all, { timeout: 60_000, every: 200 });
  await eventually(async () => (await unsentFires(store)).length === 0 && done.size >= all, {
    timeout: 60_000,
    every: 200,
    what: 'a run of each',
  });
  const fires = await ledger(store);
  expect(fires).toHaveLength(all);
  expect(fires.filter(({ fate }) => fate !== 'ran' && fate !== 'late')).toEqual([]);
  expect(fires.map(({ run }) => run).sort()).toEqual([...done.keys()].sort());
  expect([...done.values()].filter(times => times !== 1)).toEqual([]);
}

describe('two thousand schedules that fall due within seconds run once each', () => {
  test('with one server', async () => {
    const store = useStore();
    const done = doAll(store);
    await serve(store);
    await twoThousand(store);
    await eachOnce(store, done);
  });

  test('with two servers, one of which has a clock that is an hour off', async () => {
    const store = useStore();
    const done = doAll(store);
    const file = join(tempDir('clock'), 'shift');
    writeFileSync(file, String(hour));
    const preload = pathToFileURL(`${ROOT}test/support/shifted-clock.mjs`);
    await serve(store, { NODE_OPTIONS: `--import ${preload}`, CLOCK_SHIFT: file });
    await serve(store);
    await twoThousand(store);
    await eachOnce(store, done);
  });

  test('with two servers, of which the leading one is killed in the middle', async () => {
    const store = useStore();
    const done = doAll(store);
    const leader = await serve(store);
    await serve(store);
    await twoThousand(store);
    await eventually(async () => (await ledger(store)).length > 300, { timeout: 60_000, every: 5 });
    leader.kill('SIGKILL');
    await eachOnce(store, done);
  });
});

interface Night {
  /** Each hour, and of the hours of the night the first and the third, and the second alone. */
  crons: Record<'hourly' | 'twice' | 'once', string>;
  before: number;
  /** The instants of its four hours, the oldest first. */
  missed: number[];
}

/** A minute of each hour that is half an hour away, and the latest of these instants: none falls due while the test runs. */
async function farFromNow({ store }: Product): Promise<Night> {
  const last = Math.floor(((await redisNow(store.redis)) - hour / 2) / 60_000) * 60_000;
  const [before, ...missed] = Array.from({ length: 5 }, (_, i) => last - (4 - i) * hour);
  const minute = new Date(last).getUTCMinutes();
  const [first, second, third] = missed.map(at => new Date(at).getUTCHours());
  const crons = {
    hourly: `${minute} * * * *`,
    twice: `${minute} ${first},${third} * * *`,
    once: `${minute} ${second} * * *`,
  };
  return { crons, before: before!, missed };
}

const POLICIES = ['latest', 'all', 'skip'] as const;

/** Jobs that write down for when they ran, one for each policy and pattern, and one that is in the way of a window. */
function night(ledger: string, crons: Record<string, string>, more = ''): string {
  const jobs = POLICIES.flatMap(missed =>
    Object.entries(crons).map(
      ([often, cron]) =>
        `export const ${missed}_${often} = defineJob({ name: 'night.${missed}.${often}', queue: 'night', schedule: { cron: '${cron}', missed: '${missed}', ...each }, run });`,
    ),
  );
  return `
import { appendFileSync, existsSync } from 'node:fs';
import { defineJob } from 'slackwater';
const each = { jitter: '0s', ${more} };
const run = ctx => appendFileSync(${JSON.stringify(ledger)}, ctx.job + ' ' + ctx.scheduledFor + '\\n');
${jobs.join('\n')}
export const stubborn = defineJob({ name: 'night.stubborn', queue: 'stubborn', async run(ctx, { until }) {
  while (!existsSync(until)) { ctx.signal.throwIfAborted(); await new Promise(resolve => setTimeout(resolve, 20)); }
} });
`;
}

function folderOf(text: string): string {
  const folder = join(tempDir('night'), 'jobs');
  mkdirSync(folder);
  writeFileSync(join(folder, 'night.ts'), text);
  return folder;
}

const done = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').sort() : [];

const told = (fires: Pick<Fire, 'schedule' | 'at' | 'fate'>[]): string[] =>
  fires.map(({ schedule, at, fate }) => `${schedule} ${at} ${fate}`).sort();

/** What shall become of the fires of nine schedules, of which nobody saw these instants. */
function fatesOf({ missed }: Night) {
  const patterns = { hourly: missed, twice: [missed[0]!, missed[2]!], once: [missed[1]!] };
  return POLICIES.flatMap(policy =>
    Object.entries(patterns).flatMap(([often, times]) =>
      times.map(at => {
        const runs = policy === 'all' || (policy === 'latest' && at === times.at(-1));
        const fate: Fate = runs ? 'late' : policy === 'latest' ? 'coalesced' : 'skipped';
        return { schedule: `night.${policy}.${often}`, at: new Date(at).toISOString(), fate };
      }),
    ),
  );
}

const ledgerOf = async ({ store }: Product): Promise<Fire[]> =>
  (await readFiresTogether(store, await listLedgers(store), { limit: 1_000 })).items;

/**
 * A night without a server: the one that runs is stopped, another one is started. Fires go by the clock of Redis, which no test can set forward, and hours are too long to be waited for: so what was decided
 * last is set back to the evening meanwhile.
 */
async function absence(product: Product, { before }: Night, signal: NodeJS.Signals): Promise<void> {
  product.server.kill(signal);
  await product.server.exit;
  for (const { job } of await listSchedules(product.store))
    await setState(product.store, job, { last: before }, 'ledger');
  await product.startServer();
}

async function cli(product: Product, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { env: { SLACKWATER_URL: product.client.url } });
  expect(code, stderr).toBe(0);
  return stdout;
}

/** At the command line each fire has the fate of the ledger, with reason and run, alone and together. */
async function expectShown(product: Product, why: RegExp): Promise<void> {
  const ledger = await ledgerOf(product);
  expect(JSON.parse(await cli(product, 'schedules', 'fires', '--limit', '100', '--json')).items).toEqual(
    ledger,
  );
  const lines = (await cli(product, 'schedules', 'fires', '--limit', '100')).split('\n');
  for (const { schedule, at, fate, reason, run } of ledger) {
    const line = lines.find(each => each.includes(at) && each.includes(` ${schedule} `));
    expect(line).toMatch(new RegExp(` ${fate} +${run === null ? '-' : run.replaceAll('.', '\\.')} `));
    expect(line).toContain(reason);
    if (fate !== 'coalesced') expect(reason).toMatch(why);
  }
  const own = (await cli(product, 'schedules', 'fires', 'night.skip.twice')).trim().split('\n').slice(1);
  expect(own).toHaveLength(2);
  for (const line of own) expect(line).toMatch(/ skipped +- /);
}

test('a night without a server: each fire of nine schedules has the fate that its policy says, in the ledger and at the command line, and ran as often as that', async () => {
  const product = await startProduct();
  const times = await farFromNow(product);
  await product.deploy(folderOf(night(product.ledger, times.crons)));
  await eventually(async () => (await listSchedules(product.store)).length === 9);
  await absence(product, times, 'SIGTERM');
  const expected = fatesOf(times);
  await eventually(async () => isDeepStrictEqual(told(await ledgerOf(product)), told(expected)), {
    what: 'the fates of a night',
  });
  await expectShown(product, /^nobody was there when it was due/);
  const ran = expected.filter(({ fate }) => fate === 'late').map(({ schedule, at }) => `${schedule} ${at}`);
  await eventually(() => done(product.ledger).length >= ran.length);
  expect(done(product.ledger)).toEqual(ran.sort());
});

test('a window over a night without a server: fires are held, then follow their policy, in the ledger, in the report and at the command line', async () => {
  const product = await startProduct();
  const times = await farFromNow(product);
  await product.deploy(folderOf(night(product.ledger, times.crons)));
  const next = await product.push(folderOf(night(product.ledger, times.crons, 'payload: { next: true }')));
  const end = product.signal();
  const inTheWay = await product.enqueue('night.stubborn', [{ until: end.path }]);
  await product.all(inTheWay, ['running']);
  await eventually(async () => (await listSchedules(product.store)).length === 9);
  const { id } = await product.open(next, { drainTimeout: '5m', maxDuration: '2h' });
  await product.phase(id, 'draining');
  await absence(product, times, 'SIGKILL');
  const expected = fatesOf(times);
  const held = told(expected.map(fire => ({ ...fire, fate: 'held' })));
  await eventually(async () => isDeepStrictEqual(told(await ledgerOf(product)), held), {
    what: 'all are held',
  });
  expect(done(product.ledger)).toEqual([]);
  end.open();
  await product.endedAs(id, 'completed');
  const report = () => product.client.get<Report>(`/v1/windows/${id}/report`);
  await eventually(async () => (await report()).fires.every(({ fate }) => fate !== 'held'));
  expect(told((await report()).fires)).toEqual(told(expected));
  expect(told(await ledgerOf(product))).toEqual(told(expected));
  await expectShown(product, new RegExp(`^held by window ${id}`));
  expect(await cli(product, 'window', 'report', id)).toContain(
    '21 fires fell in: 10 late, 4 coalesced, 7 skipped',
  );
  await eventually(() => done(product.ledger).length >= 10);
  expect(done(product.ledger)).toHaveLength(10);
});

test('a deploy changes schedules, its plan says how, and a rollback undoes it', async () => {
  const product = await startProduct();
  const cron = (await farFromNow(product)).crons.hourly;
  await product.deploy(folderOf(night(product.ledger, { hourly: cron })));
  const crons = async () => [...new Set((await listSchedules(product.store)).map(({ cron }) => cron))];
  await eventually(async () => (await crons())[0] === cron);
  const next = await product.push(folderOf(night(product.ledger, { hourly: '17 3 * * *' })));
  const plan = await product.client.post<{ schedules: unknown; fires: Fire[] }>('/v1/windows?dryRun=true', {
    release: next,
    reason: 'a test',
  });
  const fields = [{ field: 'cron', from: cron, to: '17 3 * * *' }];
  expect(plan.schedules).toEqual({
    added: [],
    removed: [],
    changed: ['night.all.hourly', 'night.latest.hourly', 'night.skip.hourly'].map(schedule => ({
      schedule,
      fields,
    })),
  });
  // An hour has one of these instants in it.
  expect(plan.fires.map(({ schedule, fate }) => `${schedule} ${fate}`).sort()).toEqual([
    'night.all.hourly held',
    'night.latest.hourly held',
    'night.skip.hourly held',
  ]);
  const { id } = await product.open(next, { watch: { duration: '10m' } });
  await product.phase(id, 'watching');
  await eventually(async () => (await crons())[0] === '17 3 * * *');
  await product.client.post(`/v1/windows/${id}/abort`, {});
  await product.endedAs(id, 'rolled-back');
  await eventually(async () => (await crons())[0] === cron);
  expect(await crons()).toEqual([cron]);
});
