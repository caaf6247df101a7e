import { type Store, script } from './redis.js';

const ageScript = script<number>('age-priorities', 1);
const removeScript = script<number>('remove-expired', 2);

/** Runs removed at one look. */
const MOST_REMOVED = 200;

/** Lets runs that wait with a priority rise. @param stepMs what they wait for each. @returns how many rose. */
export const agePriorities = ({ redis, keys }: Store, queue: string, stepMs: number): Promise<number> =>
  ageScript(redis, keys.queue(queue), stepMs);

/** Removes ended runs that are to be kept for a shorter time than the queue was told. @returns how many. */
export const removeExpired = ({ redis, keys }: Store, queue: string): Promise<number> =>
  removeScript(redis, keys.queue(queue), keys.live(queue), MOST_REMOVED);
