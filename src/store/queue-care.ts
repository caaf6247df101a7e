import { type Store, script } from './redis.js';

const ageScript = script<number>('age-priorities', 1);
const removeScript = script<[looked: number, removed: number]>('remove-expired', 2);

/** Runs looked at by one script. */
const MOST_REMOVED = 200;
/** A look that finds more goes on for so long, ms: then others have a turn. */
const WITHIN_MS = 200;

/** Lets runs that wait with a priority rise. @param stepMs what they wait for each. @returns how many rose. */
export const agePriorities = ({ redis, keys }: Store, queue: string, stepMs: number): Promise<number> =>
  ageScript(redis, keys.queue(queue), stepMs);

/**
 * Removes ended runs that are to be kept for a shorter time than the queue was told, and keeps the parked ones out of its reach.
 * @param failedMs how long a failed run is kept, where the host that ended it did not come to say so. @returns how many were removed.
 */
export async function removeExpired(
  { redis, keys }: Store,
  queue: string,
  failedMs: number,
  withinMs = WITHIN_MS,
): Promise<number> {
  const end = performance.now() + withinMs;
  for (let sum = 0; ; ) {
    const [looked, removed] = await removeScript(
      redis,
      keys.queue(queue),
      keys.live(queue),
      MOST_REMOVED,
      failedMs,
    );
    sum += removed;
    if (looked < MOST_REMOVED || performance.now() > end) return sum;
  }
}
