import { type Redis, script } from './redis.js';

const addScript = script<number>('add-figures', 1);

/**
 * Adds these amounts to the fields of a hash, all or none; also while the memory of Redis is full: there is a field for each thing that is counted, not for
 * each time.
 * @param keptS how long the hash is kept from now on, s; 0: for good
 * @throws what Redis answers, see `troubleOf`
 */
export async function addFigures(
  redis: Redis,
  key: string,
  amounts: readonly (readonly [field: string, amount: number])[],
  keptS = 0,
): Promise<void> {
  if (amounts.length > 0) await addScript(redis, key, keptS, ...amounts.flat());
}
