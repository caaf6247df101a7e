import type { Store } from '../store/redis.js';
import type { Queues } from './queues.js';

/** Limits of a queue over all hosts; `null`: none. */
export interface QueueLimits {
  /** Claims at once, those included that rest in a window or wait in a host. */
  concurrency: number | null;
  /** Claims in any span as long as this. */
  rate: { max: number; perMs: number } | null;
}

export async function queueLimits({ redis, keys }: Store, queue: string): Promise<QueueLimits> {
  const [concurrency, max, duration] = await redis.hmget(
    keys.job(queue, 'meta'),
    'concurrency',
    'max',
    'duration',
  );
  return {
    concurrency: concurrency ? Number(concurrency) : null,
    rate: max && duration ? { max: Number(max), perMs: Number(duration) } : null,
  };
}

/** Sets the limits that are given; `null` takes one away, what is left out stays. */
export async function setQueueLimits(
  { redis, keys }: Store,
  queues: Queues,
  queue: string,
  { concurrency, rate }: Partial<QueueLimits>,
): Promise<void> {
  const bull = queues.get(queue);
  if (concurrency === null) await bull.removeGlobalConcurrency();
  else if (concurrency !== undefined) await bull.setGlobalConcurrency(concurrency);
  if (rate === null) await bull.removeGlobalRateLimit();
  else if (rate) await bull.setGlobalRateLimit(rate.max, rate.perMs);
  // A limit that is wider now wakes nobody by itself: whoever waits for work looks again.
  await redis.zadd(keys.job(queue, 'marker'), 0, '0');
}
