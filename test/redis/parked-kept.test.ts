import { type Job, UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { keep } from '../../src/queue/keep.js';
import { listRuns } from '../../src/queue/list-runs.js';
import { resumeRun } from '../../src/queue/run-actions.js';
import { showRun } from '../../src/queue/runs.js';
import { removeExpired } from '../../src/store/queue-care.js';
import { failRun, finishRun, startRun } from '../../src/store/runs.js';
import { saveRun } from '../../src/store/saves.js';
import { anna } from '../support/anna.js';
import { eventually } from '../support/eventually.js';
import { useQueue, useQueues } from '../support/queues.js';

const BY = { release: 'r', host: 'h', app: 'a', crashed: false, crashLimit: 3, lockMs: 60_000 };
const SHORT = { completedMs: 1_000, failedMs: 1_000 };
const PARKED = { reason: 'outcome unknown', choices: ['retry', 'skip', 'cancel'] };
const DAY = 24 * 3_600_000;

/** A queue whose ended runs are kept for a second. */
async function useShortQueue() {
  const { store, queue, worker } = useQueue('q');
  const queues = useQueues(store);
  await store.redis.hset(store.keys.queues, 'q', 'a');
  /** As a host ends a run; `tidied`: it lives to tidy up after it. */
  const end = async (jobId: string, kind: 'parked' | 'failed', { tidied = true } = {}) => {
    await queue.add('j', {}, { jobId });
    const job = (await worker.getNextJob('t', { block: false })) as Job;
    const run = { queue: 'q', jobId, token: 't' };
    const started = await startRun(store, run, BY);
    if (started.kind !== 'ok') throw new Error(started.kind);
    const right = { ...run, fence: started.fence };
    await saveRun(store, right, { state: '={"line":7}', version: 1, cursors: null }, 'save');
    await failRun(store, right, { kind, attempts: 0, ...(kind === 'parked' && { parked: PARKED }) });
    const { ms: keepMs, sooner } = keep(job, 'failed', { own: SHORT, longest: SHORT });
    if (kind === 'parked') job.opts.removeOnFail = false;
    await job.moveToFailed(new UnrecoverableError('no'), 't', false);
    if (tidied) await finishRun(store, right, { keepState: true, keepMs, sooner });
  };
  /** Until the queue itself has removed what failed before: each further failure has it look. */
  const othersGone = async (jobId: string) => {
    let n = 0;
    await eventually(async () => {
      await end(`other-${n++}`, 'failed');
      return (await store.redis.exists(store.keys.job('q', jobId))) === 0;
    });
  };
  const look = () => removeExpired(store, 'q', SHORT.failedMs);
  return { store, queue, queues, end, othersGone, look };
}

test.each([
  ['tidied up after', true],
  ['whose host died before it tidied up', false],
])(
  'a parked run %s stays with its reason and its checkpoint, however short failed ones are kept',
  async (_, tidied) => {
    const { store, queues, end, othersGone, look } = await useShortQueue();
    await end('p', 'parked', { tidied });
    await end('f', 'failed');
    if (!tidied) expect(await look()).toBe(0);
    await othersGone('f');
    await look();
    expect(await showRun(store, 'p')).toMatchObject({
      state: 'parked',
      parked: PARKED,
      checkpoint: { count: 1 },
    });
    expect(await store.redis.smembers(store.keys.live('q'))).toContain('p');
    expect((await resumeRun(store, queues, 'p', anna, 'retry')).state).toBe('queued');
  },
);

test('one that is cancelled then goes like any other, and one that was removed by hand leaves nothing', async () => {
  const { store, queue, queues, end, look } = await useShortQueue();
  for (const id of ['p', 'removed']) await end(id, 'parked');
  expect((await resumeRun(store, queues, 'p', anna, 'cancel')).state).toBe('cancelled');
  expect(await look()).toBe(0);
  expect(await queue.getJobState('p')).toBe('failed');
  await eventually(async () => (await look()) === 1);
  await queue.remove('removed');
  // As if the hour until the next look at it had passed.
  await store.redis.zadd(store.keys.expiring('q'), 0, 'removed');
  expect(await look()).toBe(0);
  for (const id of ['p', 'removed'])
    expect(await store.redis.keys(`${store.keys.job('q', id)}*`)).toEqual([]);
  expect(await store.redis.smembers(store.keys.live('q'))).toEqual([]);
});

test('parked ones are listed by their end, the newest first and before the failed', async () => {
  const { store, end } = await useShortQueue();
  for (const id of ['p1', 'f1', 'p2', 'p3', 'f2']) await end(id, id[0] === 'p' ? 'parked' : 'failed');
  // As if an hour had passed since each of the first three.
  const { redis, keys } = store;
  for (const [i, id] of ['p1', 'f1', 'p2'].entries())
    await redis.zincrby(keys.job('q', 'failed'), (i - 3) * 3_600_000, id);
  const all = async (endedSince?: number) => {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listRuns(store, { state: ['parked', 'failed'], endedSince, limit: 1, cursor });
      ids.push(...page.items.map(run => run.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return ids;
  };
  expect(await all()).toEqual(['p3', 'p2', 'p1', 'f2', 'f1']);
  const now = Date.now();
  expect(await all(now - DAY)).toEqual(['p3', 'p2', 'p1', 'f2', 'f1']);
  expect(await all(now - 1.5 * 3_600_000)).toEqual(['p3', 'p2', 'f2']);
  expect(await all(now - 0.5 * 3_600_000)).toEqual(['p3', 'f2']);
});
