import { type Store, script } from './redis.js';

const pushScript = script<number>('push-once', 1);

/** A script takes so many at most, and not much more than so many characters. */
const AT_ONCE = 500;
const MOST_CHARACTERS = 64 * 1024;

/**
 * Writes a list piece by piece under a name that nobody else has, each value once however often a piece is sent. Nobody may read it before this has resolved.
 * @param livesMs how long it stays after each piece, should nobody take it up.
 * @throws what Redis answers; where it lost the list meanwhile.
 */
export async function writeList(
  { redis }: Store,
  key: string,
  values: string[],
  livesMs: number,
): Promise<void> {
  let [from, characters] = [0, 0];
  for (const [i, { length }] of values.entries()) {
    characters += length;
    const to = i + 1;
    if (to < values.length && to - from < AT_ONCE && characters < MOST_CHARACTERS) continue;
    if ((await pushScript(redis, key, from, livesMs, ...values.slice(from, to))) !== 1)
      throw new Error(
        'a list that was being written in Redis is another now: Redis lost it, or it took too long',
      );
    [from, characters] = [to, 0];
  }
}
