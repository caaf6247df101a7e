import type { JobsOptions } from 'bullmq';
import { expect, test } from 'vitest';
import { keep } from '../../src/queue/keep.js';
import { agePriorities, removeExpired } from '../../src/store/queue-care.js';
import { finishRun } from '../../src/store/runs.js';
import { eventually } from '../support/eventually.js';
import { useQueue } from '../support/queues.js';
import type { TestStore } from '../support/store.js';

const MINUTE = 60_000;

/** A look, as if the last one was long ago. */
async function look(store: TestStore): Promise<number> {
  await store.redis.del(`${store.keys.queue('q')}sw:aging:looked`);
  return agePriorities(store, 'q', MINUTE);
}

test('a run that waits with a priority rises by one for each minute, and at last stands behind those without one', async () => {
  const { store, queue, worker } = useQueue('q');
  const add = (jobId: string, priority: number, waitedMinutes: number, more: JobsOptions = {}) =>
    queue.add('j', {}, { jobId, priority, timestamp: Date.now() - waitedMinutes * MINUTE - 1_000, ...more });
  await add('worst', 100, 3);
  await add('old', 10, 9);
  await add('risen', 5, 5);
  await add('best', 1, 0);
  // Delayed for as long as it is old: it has not waited at all.
  await add('due', 2, 30, { delay: 30 * MINUTE + 500 });
  await queue.add('j', {}, { jobId: 'none' });
  expect(await look(store)).toBe(3);
  expect(await look(store)).toBe(0);
  expect(await store.redis.hget(store.keys.job('q', 'worst'), 'priority')).toBe('97');
  const order: string[] = [];
  for (let i = 0; i < 6; i++) {
    const job = await worker.getNextJob(`t${i}`, { block: false });
    order.push(job!.id!);
    expect(await look(store)).toBe(0);
  }
  expect(order).toEqual(['none', 'risen', 'best', 'old', 'due', 'worst']);
});

test('one look has a bound, and the next goes on where it ended', async () => {
  const { store, queue } = useQueue('q');
  const timestamp = Date.now() - 2 * MINUTE - 1_000;
  const jobs = Array.from({ length: 1_200 }, (_, i) => ({
    name: 'j',
    data: {},
    opts: { priority: 1_000 + (i % 12), timestamp },
  }));
  await queue.addBulk(jobs);
  const risen: number[] = [];
  for (let i = 0; i < 5; i++) risen.push(await look(store));
  expect(Math.max(...risen)).toBeLessThanOrEqual(600);
  expect(risen.reduce((sum, n) => sum + n)).toBe(1_200);
  expect(await queue.getCountsPerPriority([998, 1_009, 1_010])).toEqual({ 998: 100, 1009: 100, 1010: 0 });
});

const DAY = 24 * 60 * MINUTE;
const retention = {
  own: { completedMs: DAY, failedMs: 2 * DAY },
  longest: { completedMs: 7 * DAY, failedMs: 2 * DAY },
};
test.each<[asked: JobsOptions, as: 'completed' | 'failed', told: unknown, kept: object]>([
  [{}, 'completed', { age: 604_800 }, { ms: DAY, sooner: true }],
  [
    {
      removeOnComplete: { age: 60 },
      slackwater: { scheduledFor: '2030-01-01T00:00:00.000Z' },
    } as JobsOptions,
    'completed',
    { age: 604_800 },
    { ms: DAY, sooner: true },
  ],
  [{}, 'failed', { age: 172_800 }, { ms: 2 * DAY, sooner: false }],
  [{ removeOnComplete: { age: 60 } }, 'completed', { age: 604_800 }, { ms: MINUTE, sooner: true }],
  [{ removeOnComplete: { age: 864_000 } }, 'completed', { age: 864_000 }, { ms: 10 * DAY, sooner: false }],
  [{ removeOnComplete: true }, 'completed', true, { ms: DAY, sooner: false }],
  [{ removeOnFail: false }, 'failed', false, { ms: 2 * DAY, sooner: false }],
  [
    { removeOnComplete: { age: 60, count: 5 } },
    'completed',
    { age: 60, count: 5 },
    { ms: DAY, sooner: false },
  ],
])('a producer who says %j of a %s run is heard', (asked, as, told, kept) => {
  const job = { opts: { ...asked } } as never as Parameters<typeof keep>[0];
  expect(keep(job, as, retention)).toEqual(kept);
  expect(job.opts[as === 'completed' ? 'removeOnComplete' : 'removeOnFail']).toEqual(told);
});

test('what is to go sooner than the queue was told is removed with all that belongs to it; one that was queued again stays', async () => {
  const { store, queue, worker } = useQueue('q');
  const { redis, keys } = store;
  const ids = ['gone', 'again', 'later'];
  await queue.addBulk(ids.map(jobId => ({ name: 'j', data: {}, opts: { jobId } })));
  for (let i = 0; i < ids.length; i++) {
    const job = (await worker.getNextJob(`t${i}`, { block: false }))!;
    await job.log('a line');
    await redis.hset(keys.run('q', job.id!), 'fence', '1');
    await job.moveToFailed(new Error('no'), `t${i}`, false);
    const keepMs = job.id === 'later' ? MINUTE : 1;
    await finishRun(store, { queue: 'q', jobId: job.id! }, { keepState: true, keepMs, sooner: true });
  }
  await (await queue.getJob('again'))!.retry('failed');
  let removed = 0;
  await eventually(async () => {
    removed += await removeExpired(store, 'q', MINUTE);
    return removed > 0;
  });
  expect(removed).toBe(1);
  const left = await redis.keys(`${keys.queue('q')}gone*`);
  expect(left).toEqual([]);
  expect(await queue.getJobState('again')).toBe('waiting');
  expect(await queue.getJobState('later')).toBe('failed');
  expect(await removeExpired(store, 'q', MINUTE)).toBe(0);
});

test('a look goes on while it finds as much as it may', async () => {
  const { store } = useQueue('q');
  const { redis, keys } = store;
  const due = Array.from({ length: 450 }, (_, i) => [1, `r${i}`]).flat();
  await redis.zadd(keys.expiring('q'), ...(due as [number, string]));
  await removeExpired(store, 'q', MINUTE, Number.POSITIVE_INFINITY);
  expect(await redis.zcard(keys.expiring('q'))).toBe(0);
});
