import { listHolds } from '../store/holds.js';
import type { Store } from '../store/redis.js';
import { followHolds, type PauseFlags } from './pause-flags.js';
import type { Queues } from './queues.js';

/** Makes the pause flags of these queues follow their holds; default: of all that have a hold or a flag of ours. */
export const applyPauseFlags = (store: Store, queues: Queues, names?: string[]): Promise<void> =>
  followHolds(pauseFlags(store, queues), names);

function pauseFlags(store: Store, queues: Queues): PauseFlags {
  const { redis, keys } = store;
  return {
    held: async () => (await listHolds(store)).flatMap(hold => hold.queues),
    noted: () => redis.smembers(keys.pausedByUs),
    note: name => redis.sadd(keys.pausedByUs, name),
    forget: name => redis.srem(keys.pausedByUs, name),
    isPaused: name => queues.get(name).isPaused(),
    pause: name => queues.get(name).pause(),
    resume: name => queues.get(name).resume(),
  };
}

/**
 * How many runs each queue was ever given, by BullMQ's own counter: it rises with every request to add, whoever makes it, retries and
 * resumed runs not included, requests that repeat an ID included.
 */
export async function intakeCounters(store: Store, names: string[]): Promise<Record<string, number>> {
  const counts = await Promise.all(
    names.map(name => store.redis.get(`${store.keys.queuePrefix}:${name}:id`)),
  );
  return Object.fromEntries(names.map((name, i) => [name, Number(counts[i] ?? 0)]));
}
