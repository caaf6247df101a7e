import { beforeEach, expect, test } from 'vitest';
import { createQueues, type Queues } from '../../src/queue/queues.js';
import { goOnWithJob } from '../../src/queue/without-job.js';
import { failRun, startRun } from '../../src/store/runs.js';
import { onEnd } from '../support/lifetime.js';
import { type TestStore, useStore } from '../support/store.js';

const RUN = { queue: 'q', jobId: 'run-1', token: 't' };

let store: TestStore;
let queues: Queues;

/** A run of job `new` that a host has claimed, and has just recorded as parked: its release lacks the job. The queue has yet to hear of it. */
beforeEach(async () => {
  store = useStore();
  queues = createQueues(store);
  onEnd(() => queues.close());
  const { redis, keys } = store;
  await redis.hset(keys.queues, 'q', 'a');
  await queues.get('q').add('new', {}, { jobId: 'run-1' });
  await redis.lmove(keys.job('q', 'wait'), keys.job('q', 'active'), 'RIGHT', 'LEFT');
  await redis.set(keys.lock('q', 'run-1'), 't', 'PX', 60_000);
  const by = { release: 'r1', host: 'h1', app: 'a', crashed: false, crashLimit: 3, lockMs: 60_000 };
  const started = await startRun(store, RUN, by);
  const right = { ...RUN, fence: (started as { fence: number }).fence };
  const parked = { reason: 'its release has no job new', choices: ['retry'] };
  await failRun(store, right, { kind: 'parked', attempts: 0, parked, lacks: 'new' });
});

async function endInQueue(): Promise<void> {
  const job = (await queues.get('q').getJob('run-1'))!;
  await job.moveToFailed(new Error('parked'), 't', false);
}

const look = async (through = queues) =>
  Object.fromEntries((await goOnWithJob(store, through, 'q', () => true, '0')).jobs);
const waits = () => store.redis.lrange(store.keys.job('q', 'wait'), 0, -1);

test('a run that is parked without its job goes on, also where somebody looked before the queue had its end', async () => {
  expect(await look()).toEqual({});
  await endInQueue();
  expect(await look()).toEqual({ new: 1 });
  expect(await waits()).toEqual(['run-1']);
  expect(await store.redis.hlen(store.keys.withoutJob('q'))).toBe(0);
});

test('… and where whoever was about to queue it could not', async () => {
  await endInQueue();
  const deaf = { get: () => ({ getJob: () => Promise.reject(new Error('no')) }) } as unknown as Queues;
  await expect(look(deaf)).rejects.toThrow('no');
  expect(await waits()).toEqual([]);
  expect(await look()).toEqual({ new: 1 });
  expect(await waits()).toEqual(['run-1']);
});

test('… and on two hosts that look at once: one of them queues it, neither fails', async () => {
  await endInQueue();
  // Both have seen it among those that failed before either has queued it.
  let met = 0;
  let both = () => {};
  const bothThere = new Promise<void>(resolve => {
    both = resolve;
  });
  const meeting = (): Queues =>
    ({
      get: (name: string) => ({
        async getJob(id: string) {
          const job = await queues.get(name).getJob(id);
          if (++met === 2) both();
          await bothThere;
          return job;
        },
      }),
    }) as unknown as Queues;
  await Promise.all([look(meeting()), look(meeting())]);
  expect(await waits()).toEqual(['run-1']);
});

test('one that somebody else has queued again is forgotten once it starts', async () => {
  await endInQueue();
  await look();
  await store.redis.hset(store.keys.withoutJob('q'), 'run-1', 'new');
  await store.redis.lmove(store.keys.job('q', 'wait'), store.keys.job('q', 'active'), 'RIGHT', 'LEFT');
  await store.redis.set(store.keys.lock('q', 'run-1'), 't2', 'PX', 60_000);
  const by = { release: 'r2', host: 'h1', app: 'a', crashed: false, crashLimit: 3, lockMs: 60_000 };
  await startRun(store, { ...RUN, token: 't2' }, by);
  expect(await look()).toEqual({});
  expect(await store.redis.hlen(store.keys.withoutJob('q'))).toBe(0);
});
