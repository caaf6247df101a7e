import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type Redis } from '../src/store/redis.js';
import { eventually } from '../test/support/eventually.js';
import { firesTables } from './fires-tables.js';
import { SchedulersPeer } from './peers/schedulers.js';
import { type Answer, type Bench, type Context, check, Figures } from './support/bench.js';
import { useOf } from './support/process-use.js';
import { Product } from './support/product.js';
import { readLedger } from './support/read-ledger.js';
import { askToFinish, roundFolder } from './support/rounds.js';
import { BY, jobName, MOST, QUEUE, writeJobs } from './work/ticks.js';

/** Both are due every fifteen seconds, by turns: neither is to find the other at work. */
const PERIOD_S = 15;
const TURN_S = 7;
const OURS = `*/${PERIOD_S} * * * * *`;
const THEIRS = `${TURN_S}-59/${PERIOD_S} * * * * *`;
/** Far off, and no two alike in a release: the pattern of one is no help for another. */
const SELDOM = (i: number) => `${i % 60} ${Math.floor(i / 60) % 24} 1 1 *`;
const IDLE_MS = 10_000;
const IDLE_SIZES = [1_000, 3_000, 10_000];

export const bench: Bench = {
  name: 'fires',
  question: 'what do schedules cost, when many are due in one second, and when none is?',
  axis: 'schedules',
  sizes: [500, 1_000, 2_000],
  rounds: 5,
  limitMs: 15 * 60_000,
  run,
};

async function run(context: Context): Promise<Answer> {
  const redis = connect({ url: context.redisUrl });
  context.scope.defer(() => redis.disconnect());
  const figures = new Figures();
  const fires = await due(context, redis, figures);
  const idleSizes = context.quick ? IDLE_SIZES.slice(0, 1) : IDLE_SIZES;
  await idle(context, redis, figures, idleSizes);
  return firesTables(context, bench.axis, figures, { fires, idleSizes });
}

/** Many in the same second. @returns how many fires were counted. */
async function due(context: Context, redis: Redis, figures: Figures): Promise<number> {
  const { sizes, rounds, say } = context;
  const product = await Product.start(context);
  const ledger = roundFolder(context.dir, 'fires');
  const runs = new Map<string, string[]>();
  const take = (by: string, ids: string[]) => runs.set(by, [...(runs.get(by) ?? []), ...ids]);
  for (const size of sizes) {
    const apps = await deploy(context, product, { name: 'due', size, due: () => OURS, ledger });
    const peer = new SchedulersPeer(context, `schedulers-${size}`, { ledger });
    await peer.start();
    await peer.schedule(size, () => THEIRS);
    // The first of each may find them only just there.
    await wait(2 * PERIOD_S * 1_000);
    for (let round = 1; round <= rounds; round++) {
      const ours = await ends(redis, next(0), at => jobsOf(context, apps, size, at));
      figures.add('enqueued', size, ours.enqueuedMs);
      figures.add('begun', size, ours.begunMs);
      const theirs = await ends(redis, next(TURN_S), at =>
        Array.from({ length: size }, (_, i) => ({ keys: peer.keys, id: peer.jobId(i, at) })),
      );
      figures.add('begun:bullmq', size, theirs.begunMs);
      take(BY, ours.ids);
      take(peer.name, theirs.ids);
      say(
        `${size} due: enqueued within ${ours.enqueuedMs} ms, begun within ${ours.begunMs}; BullMQ ${theirs.begunMs}`,
      );
    }
    await peer.end();
  }
  askToFinish(ledger);
  for (const [by, ids] of runs) await started(ledger, by, ids);
  await product.stop();
  return runs.get(BY)!.length;
}

/** What runs noted themselves, in files that no Redis knows. @throws Error unless each of these was started, and of all that were none twice. */
async function started(ledger: string, by: string, ids: string[]): Promise<void> {
  const counts = await eventually(
    () => {
      const counts = new Map<string, number>();
      for (const { run } of readLedger(ledger).filter(stretch => stretch.by === by))
        counts.set(run, (counts.get(run) ?? 0) + 1);
      return ids.every(id => counts.has(id)) && counts;
    },
    { timeout: 10_000, every: 500, what: `all ${ids.length} runs in the ledger of ${by}` },
  );
  const twice = [...counts].filter(([, count]) => count > 1).map(([run]) => run);
  check(twice.length === 0, `${twice.length} runs were started more than once: ${twice[0]}`);
}

/** The next instant of a pattern, far enough off to be waited for, ms. */
function next(second: number): number {
  const period = PERIOD_S * 1_000;
  const soon = Date.now() + 500 - second * 1_000;
  return Math.ceil(soon / period) * period + second * 1_000;
}

/** Waits for the runs of an instant, and looks when each was handed to its queue and begun. @throws Error where one is missing, failed, or was started more than once. */
async function ends(redis: Redis, at: number, jobs: (at: number) => { keys: string; id: string }[]) {
  await wait(Math.max(0, at - Date.now()));
  const all = jobs(at);
  const found = await eventually(
    async () => {
      const asked = redis.pipeline();
      for (const { keys, id } of all)
        asked.hmget(`${keys}${id}`, 'timestamp', 'processedOn', 'finishedOn', 'failedReason', 'ats');
      const answers = ((await asked.exec()) ?? []).map(([, fields]) => fields as (string | null)[]);
      return answers.every(([, , finishedOn]) => finishedOn) && answers;
    },
    { timeout: 30_000, every: 200, what: `the end of ${all.length} runs of ${new Date(at).toISOString()}` },
  );
  check(
    found.every(([, , , failed]) => failed === null),
    'a run failed',
  );
  check(
    found.every(([, , , , starts]) => starts === '1'),
    'a run was not started once',
  );
  const last = (field: number) => Math.max(...found.map(job => Number(job[field]))) - at;
  return { enqueuedMs: last(0), begunMs: last(1), ids: all.map(({ id }) => id) };
}

/** The jobs of a fire, each under the ID that follows from app, schedule and instant. */
function jobsOf(context: Context, apps: string[], size: number, at: number) {
  const instant = new Date(at).toISOString().replaceAll(/[-:]|\.000/g, '');
  return Array.from({ length: size }, (_, i) => {
    const [app, job] = [apps[Math.floor(i / MOST)]!, jobName(i % MOST)];
    return { keys: `{${context.keys}}:${QUEUE}-${app}:`, id: `${app}.${job}.${instant}` };
  });
}

/** Nothing is due for long: what the server takes of a core, and what each schedule takes of memory. */
async function idle(context: Context, redis: Redis, figures: Figures, sizes: number[]): Promise<void> {
  const { rounds, say } = context;
  // Apart from those that go on being due.
  const keys = `${context.keys}-idle`;
  const env = { SLACKWATER_NAMESPACE: keys, SLACKWATER_QUEUE_PREFIX: `{${keys}}` };
  const product = await Product.start(context, { workers: 1, env });
  // What a release of as many jobs takes is not what their schedules do.
  await deploy(context, product, { name: 'none', size: MOST, due: i => (i === 0 ? SELDOM(i) : null) });
  const peer = new SchedulersPeer(context, 'schedulers-idle', { processes: 1 });
  await peer.start();
  const before = await shares(product, peer, rounds);
  const memory = useOf(product.serverPid).memory;
  for (const size of sizes) {
    await deploy(context, product, { name: 'idle', size, due: SELDOM });
    await peer.schedule(size, SELDOM);
    const shared = await shares(product, peer, rounds);
    const ours = await bytesOf(redis, `{${keys}}:schedule*:idle-*`);
    const theirs = await bytesOf(redis, `${peer.keys}*`);
    for (const [i, { server, worker }] of shared.entries()) {
      figures.add('cpu', size, Math.max(0, server - before[i]!.server));
      figures.add('cpu:all', size, server);
      figures.add('cpu:bullmq', size, Math.max(0, worker - before[i]!.worker));
    }
    figures.add('redis', size, ours / size);
    figures.add('redis:bullmq', size, theirs / size);
    figures.add('server', size, Math.max(0, useOf(product.serverPid).memory - memory) / size);
    say(`${size} at rest: ${shared.map(({ server }) => server.toFixed(1)).join(' ')} % of a core`);
  }
  await peer.end();
  await product.stop();
}

/** What the server and BullMQ's worker take of a core, per cent, one time of rest after another. */
async function shares(product: Product, peer: SchedulersPeer, rounds: number) {
  const found: { server: number; worker: number }[] = [];
  // What came before is still being tidied away.
  await wait(3_000);
  for (let round = 0; round < rounds; round++) {
    const pids = { server: product.serverPid, worker: peer.workers[0]!.pid };
    const before = { server: useOf(pids.server).cpuMs, worker: useOf(pids.worker).cpuMs };
    await wait(IDLE_MS);
    found.push({
      server: ((useOf(pids.server).cpuMs - before.server) / IDLE_MS) * 100,
      worker: ((useOf(pids.worker).cpuMs - before.worker) / IDLE_MS) * 100,
    });
  }
  return found;
}

async function bytesOf(redis: Redis, pattern: string): Promise<number> {
  let bytes = 0;
  for await (const keys of redis.scanStream({ match: pattern, count: 1_000 })) {
    const asked = redis.pipeline();
    for (const key of keys as string[]) asked.memory('USAGE', key, 'SAMPLES', 0);
    for (const [, each] of (await asked.exec()) ?? []) bytes += Number(each);
  }
  return bytes;
}

/** The release of each app, by the names that are this bench's own. */
const current = new Map<string, string>();

/** Deploys as many apps as it takes, and waits until their schedules apply. @returns their names. */
async function deploy(
  context: Context,
  product: Product,
  {
    name,
    size,
    due,
    ledger = null,
  }: { name: string; size: number; due: (i: number) => string | null; ledger?: string | null },
): Promise<string[]> {
  const apps = Array.from({ length: Math.ceil(size / MOST) }, (_, i) => `${name}-${i}`);
  for (const [i, app] of apps.entries()) {
    const count = Math.min(MOST, size - i * MOST);
    const folder = writeJobs(join(context.dir, `${app}-${count}`), count, due, `${QUEUE}-${app}`, ledger);
    const release = await product.pushFolder(folder, app);
    if (current.get(app) !== release) await product.deploy(release);
    current.set(app, release);
  }
  const scheduled = Array.from({ length: size }, (_, i) => due(i % MOST)).filter(pattern => pattern !== null);
  await product.untilScheduled(apps, scheduled.length);
  return apps;
}
