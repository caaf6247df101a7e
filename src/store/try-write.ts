import type { Keys } from './keys.js';
import type { Redis } from './redis.js';

/**
 * A write that Redis refuses whenever it would refuse what a producer sends (memory full, disk full, a replica, too few replicas), and that
 * changes nothing: no text is put into a key that is not there. So nothing is stored, written to disk or replicated.
 * @throws what Redis answers, see `troubleOf`.
 */
export async function tryWrite(redis: Redis, { neverThere }: Keys): Promise<void> {
  await Promise.all(neverThere.map(key => redis.setrange(key, 0, '')));
}
