import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'bullmq';
import { describe, expect, test } from 'vitest';
import type { Fire } from '../../src/model/schedule.js';
import type { Report } from '../../src/model/window.js';
import { unsentFires } from '../../src/store/fires.js';
import { listLedgers, readFiresTogether } from '../../src/store/fires-together.js';
import { connect, redisNow } from '../../src/store/redis.js';
import { listSchedules } from '../../src/store/schedules.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { ROOT, type RunningProcess, spawnCli } from '../support/processes.js';
import { makeCurrent, sampleRelease } from '../support/sample-releases.js';
import { applies, firesOf, setState } from '../support/schedules.js';
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

/** A minute of each hour that is half an hour away, and the latest of these instants, the oldest first: none falls due while the test runs. */
async function farFromNow(product: Product): Promise<{ cron: string; times: number[] }> {
  const last = Math.floor(((await redisNow(product.store.redis)) - hour / 2) / 60_000) * 60_000;
  const times = Array.from({ length: 5 }, (_, i) => last - (4 - i) * hour);
  return { cron: `${new Date(last).getUTCMinutes()} * * * *`, times };
}

const POLICIES = ['latest', 'all', 'skip'] as const;

/** Jobs that write down for when they ran, one for each policy, and one that is in the way of a window. */
function night(ledger: string, cron: string, more = ''): string {
  const policies = POLICIES.map(
    missed =>
      `export const ${missed} = defineJob({ name: 'night.${missed}', queue: 'night', schedule: { ...each, missed: '${missed}' }, run });`,
  );
  return `
import { appendFileSync, existsSync } from 'node:fs';
import { defineJob } from 'slackwater';
const each = { cron: '${cron}', jitter: '0s', ${more} };
const run = ctx => appendFileSync(${JSON.stringify(ledger)}, ctx.job + ' ' + ctx.scheduledFor + '\\n');
${policies.join('\n')}
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

const iso = (at: number) => new Date(at).toISOString();
const fatesOf = async (product: Product, missed: string) =>
  (await firesOf(product.store, `night.${missed}`, 'ledger')).map(({ at, fate }) => `${at} ${fate}`);

/** As if nobody had looked since then. */
async function backTo(product: Product, at: number): Promise<void> {
  for (const missed of POLICIES) await setState(product.store, `night.${missed}`, { last: at }, 'ledger');
}

test('a night without a server: each fire has the fate that its schedule says, and ran as often as that', async () => {
  const product = await startProduct();
  const { cron, times } = await farFromNow(product);
  const [before, ...missed] = times;
  await product.deploy(folderOf(night(product.ledger, cron)));
  await eventually(async () => (await listSchedules(product.store)).length === 3);
  product.server.kill('SIGKILL');
  await product.server.exit;
  await backTo(product, before!);
  await product.startServer();
  await eventually(
    async () => (await fatesOf(product, 'all')).filter(fire => fire.endsWith('late')).length === 4,
  );
  const [first, second, third, fourth] = missed.map(iso);
  expect(await fatesOf(product, 'latest')).toEqual([
    `${first} coalesced`,
    `${second} coalesced`,
    `${third} coalesced`,
    `${fourth} late`,
  ]);
  expect(await fatesOf(product, 'all')).toEqual(missed.map(at => `${iso(at)} late`));
  expect(await fatesOf(product, 'skip')).toEqual(missed.map(at => `${iso(at)} skipped`));
  await eventually(() => done(product.ledger).length === 5);
  expect(done(product.ledger)).toEqual([
    ...missed.map(at => `night.all ${iso(at)}`),
    `night.latest ${fourth}`,
  ]);
});

test('a window over fires, its server away for the night: they are held, then follow their rule, and the report names them', async () => {
  const product = await startProduct();
  const { cron, times } = await farFromNow(product);
  const [before, ...missed] = times;
  await product.deploy(folderOf(night(product.ledger, cron)));
  const next = await product.push(folderOf(night(product.ledger, cron, 'payload: { next: true }')));
  const end = product.signal();
  const inTheWay = await product.enqueue('night.stubborn', [{ until: end.path }]);
  await product.all(inTheWay, ['running']);
  const { id } = await product.open(next, { drainTimeout: '5m', maxDuration: '2h' });
  await product.phase(id, 'draining');
  product.server.kill('SIGKILL');
  await product.server.exit;
  await backTo(product, before!);
  await product.startServer();
  const held = missed.map(at => `${iso(at)} held`);
  for (const policy of POLICIES) await eventually(async () => (await fatesOf(product, policy)).length === 4);
  for (const policy of POLICIES) expect(await fatesOf(product, policy)).toEqual(held);
  expect(done(product.ledger)).toEqual([]);
  end.open();
  await product.endedAs(id, 'completed');
  const report = () => product.client.get<Report>(`/v1/windows/${id}/report`);
  await eventually(async () => (await report()).fires.every(({ fate }) => fate !== 'held'));
  const fates = (await report()).fires.map(({ schedule, at, fate }) => `${schedule} ${at} ${fate}`);
  const [first, second, third, fourth] = missed.map(iso);
  expect(fates.sort()).toEqual(
    [
      ...missed.map(at => `night.all ${iso(at)} late`),
      `night.latest ${first} coalesced`,
      `night.latest ${second} coalesced`,
      `night.latest ${third} coalesced`,
      `night.latest ${fourth} late`,
      ...missed.map(at => `night.skip ${iso(at)} skipped`),
    ].sort(),
  );
  await eventually(() => done(product.ledger).length === 5);
});

test('a deploy changes schedules, its plan says how, and a rollback undoes it', async () => {
  const product = await startProduct();
  const { cron } = await farFromNow(product);
  await product.deploy(folderOf(night(product.ledger, cron)));
  const crons = async () => [...new Set((await listSchedules(product.store)).map(({ cron }) => cron))];
  await eventually(async () => (await crons())[0] === cron);
  const next = await product.push(folderOf(night(product.ledger, '17 3 * * *')));
  const plan = await product.client.post<{ schedules: unknown; fires: Fire[] }>('/v1/windows?dryRun=true', {
    release: next,
    reason: 'a test',
  });
  const fields = [{ field: 'cron', from: cron, to: '17 3 * * *' }];
  expect(plan.schedules).toEqual({
    added: [],
    removed: [],
    changed: ['night.all', 'night.latest', 'night.skip'].map(schedule => ({ schedule, fields })),
  });
  // An hour has one of these instants in it.
  expect(plan.fires.map(({ schedule, fate }) => `${schedule} ${fate}`).sort()).toEqual([
    'night.all held',
    'night.latest held',
    'night.skip held',
  ]);
  const { id } = await product.open(next, { watch: { duration: '10m' } });
  await product.phase(id, 'watching');
  await eventually(async () => (await crons())[0] === '17 3 * * *');
  await product.client.post(`/v1/windows/${id}/abort`, {});
  await product.endedAs(id, 'rolled-back');
  await eventually(async () => (await crons())[0] === cron);
  expect(await crons()).toEqual([cron]);
});
