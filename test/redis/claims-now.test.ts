import { beforeEach, expect, test } from 'vitest';
import { type ClaimedRun, type Consumer, createConsumer, type Settlement } from '../../src/queue/consumer.js';
import type { Queues } from '../../src/queue/queues.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { useQueues } from '../support/queues.js';
import { type TestStore, useStore } from '../support/store.js';

const QUEUE = 'q';
const KEPT = { completedMs: 60_000, failedMs: 60_000 };

let store: TestStore;
let queues: Queues;
beforeEach(() => {
  store = useStore();
  queues = useQueues(store);
});

/** A host that holds what it claims until the test ends it. */
function host(maxClaims: number): { consumer: Consumer; held: Map<string, () => void>; errors: Error[] } {
  const held = new Map<string, () => void>();
  const errors: Error[] = [];
  const consumer = createConsumer(store, QUEUE, {
    lockMs: 10_000,
    maxClaims,
    onClaim: (run: ClaimedRun) =>
      new Promise<Settlement>(resolve => {
        held.set(run.jobId, () => {
          held.delete(run.jobId);
          resolve({ kind: 'completed', result: null });
        });
      }),
    onEnded: () => {},
    onAside: () => {},
    onLeft: () => {},
    retention: () => ({ own: KEPT, longest: KEPT }),
    onError: error => errors.push(error),
  });
  onEnd(() => consumer.close());
  return { consumer, held, errors };
}

/** As a script does that leaves the claim to its caller: nobody is called. */
async function addQuietly(id: string): Promise<void> {
  const { redis, keys } = store;
  await redis.hset(keys.job(QUEUE, id), 'name', 'j', 'data', '1', 'opts', '{"attempts":0}', 'timestamp', '1');
  await redis.lpush(keys.job(QUEUE, 'wait'), id);
}

/** Its loop waits to be called. */
const waits = () =>
  eventually(async () => /cmd=bzpopmin/.test((await store.redis.client('LIST')) as string), {
    what: 'a claim that waits',
  });
const holds = (held: Map<string, unknown>, ...ids: string[]) =>
  eventually(async () => ids.every(id => held.has(id)), { what: `claims of ${ids}` });

test('a run that was put there without a call is claimed at once, and ends as any other', async () => {
  const { consumer, held, errors } = host(3);
  await waits();
  await addQuietly('a');
  consumer.place()!.claim();
  await holds(held, 'a');
  expect(await consumer.renew()).toEqual([]);
  held.get('a')!();
  await consumer.settled();
  expect(await (await queues.get(QUEUE).getJob('a'))!.getState()).toBe('completed');
  expect(errors).toEqual([]);
});

test('the claim comes after what was sent by its place', async () => {
  const { consumer, held } = host(100);
  await waits();
  for (let i = 0; i < 20; i++) {
    const place = consumer.place()!;
    const { keys } = store;
    const id = `a${i}`;
    const sent = place.redis
      .pipeline()
      .hset(keys.job(QUEUE, id), 'name', 'j', 'data', '1', 'opts', '{}', 'timestamp', '1')
      .lpush(keys.job(QUEUE, 'wait'), id)
      .exec();
    place.claim();
    await sent;
    await holds(held, id);
  }
});

test('one place is left for the claim that waits, and no more are held than there is room for', async () => {
  const { consumer, held } = host(3);
  await waits();
  for (const id of ['a', 'b']) await addQuietly(id);
  consumer.place()!.claim();
  consumer.place()!.claim();
  expect(consumer.place()).toBeNull();
  await holds(held, 'a', 'b');
  for (const id of ['c', 'd', 'e']) await queues.get(QUEUE).add('j', 1, { jobId: id });
  await holds(held, 'c');
  expect(await store.redis.llen(store.keys.job(QUEUE, 'wait'))).toBe(2);
  expect(consumer.place()).toBeNull();
});

test('a place that is free again is the loop’s at once, though none of its own claims ends', async () => {
  const { consumer, held } = host(3);
  await waits();
  await addQuietly('a');
  consumer.place()!.claim();
  await holds(held, 'a');
  for (const id of ['b', 'c', 'd']) await queues.get(QUEUE).add('j', 1, { jobId: id });
  await holds(held, 'b', 'c');
  held.get('a')!();
  await holds(held, 'd');
});

test('nothing is claimed once no more shall be', async () => {
  const { consumer, held } = host(3);
  await waits();
  const place = consumer.place()!;
  await consumer.stopClaiming();
  expect(consumer.place()).toBeNull();
  await addQuietly('a');
  place.claim();
  await store.redis.ping();
  expect([held.size, await store.redis.llen(store.keys.job(QUEUE, 'wait'))]).toEqual([0, 1]);
});
