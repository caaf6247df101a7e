import { type Store, script } from '../store/redis.js';
import type { Place } from './run-record.js';

/** As the script wants them: sets first, the list last. */
const PLACES = ['completed', 'failed', 'delayed', 'prioritized', 'waiting-children', 'active'] as const;
const placeScript = script<number>('place-of', PLACES.length);

/**
 * Where BullMQ has this job, at one instant. Never looks through the waiting list, which may be a million long: a job that is in no
 * other place waits there.
 */
export async function placeOf({ redis, keys }: Store, queue: string, jobId: string): Promise<Place> {
  const names = PLACES.map(place => keys.job(queue, place));
  const found = await placeScript(redis, ...names, jobId);
  return PLACES[found - 1] ?? 'wait';
}

/** A page's end within one place: what the next page begins after. */
export type Mark = { offset: number; after?: string } | { score: string; skip: number };

export interface PlacePage {
  ids: string[];
  /** For each ID the mark right behind it. */
  marks: Mark[];
  /** Nothing is left behind these. */
  last: boolean;
}

/** A parked run stands among the failed ones by its end and so much (as `parked.lua` has it): the queue's own age never reaches it. */
const PARKED_AHEAD = 100_000_000_000_000;

/**
 * The next `count` jobs of one place: the waiting in the order in which they will start, the ended newest first, and before them those that are parked.
 * @param since of the ended: no older ones, ms since the epoch
 */
export function pageOf(
  store: Store,
  queue: string,
  place: Place,
  mark: Mark | null,
  count: number,
  since?: number,
): Promise<PlacePage> {
  return place === 'wait' || place === 'active'
    ? listPage(store, queue, place, mark as { offset: number; after?: string } | null, count)
    : setPage(store, queue, place, mark as { score: string; skip: number } | null, count, since);
}

async function listPage(
  { redis, keys }: Store,
  queue: string,
  place: 'wait' | 'active',
  mark: { offset: number; after?: string } | null,
  count: number,
): Promise<PlacePage> {
  const key = keys.job(queue, place);
  // Runs leave the list between two pages, so the place of the last one seen is looked up again, as deep as it can be.
  let from = mark?.offset ?? 0;
  if (mark?.after !== undefined) {
    const position = await redis.lpos(key, mark.after, 'RANK', -1, 'MAXLEN', mark.offset + 1_000);
    if (position !== null) from = (await redis.llen(key)) - position;
    // It started: so did all before it.
    else if (place === 'wait') from = 0;
  }
  const ids = (await redis.lrange(key, -(from + count), -(from + 1))).reverse();
  return {
    ids,
    marks: ids.map((after, i) => ({ offset: from + i + 1, after })),
    last: ids.length < count,
  };
}

async function setPage(
  { redis, keys }: Store,
  queue: string,
  place: Place,
  mark: { score: string; skip: number } | null,
  count: number,
  since: number | undefined,
): Promise<PlacePage> {
  const key = keys.job(queue, place);
  const skip = mark?.skip ?? 0;
  const newestFirst = place === 'completed' || place === 'failed';
  const from = mark?.score ?? (newestFirst ? '+inf' : '-inf');
  const down = (most: string, least: string, skipped: number, limit: number) =>
    redis.zrange(key, most, least, 'BYSCORE', 'REV', 'LIMIT', skipped, limit, 'WITHSCORES');
  let flat: string[];
  if (!newestFirst)
    flat = await redis.zrange(key, from, '+inf', 'BYSCORE', 'LIMIT', skip, count, 'WITHSCORES');
  else if (since === undefined) flat = await down(from, '-inf', skip, count);
  else if (mark && Number(from) < PARKED_AHEAD) flat = await down(from, String(since), skip, count);
  else {
    flat = await down(from, String(PARKED_AHEAD + since), skip, count);
    flat.push(...(await down(`(${PARKED_AHEAD}`, String(since), 0, count - flat.length / 2)));
  }
  const ids: string[] = [];
  const marks: Mark[] = [];
  let [score, same] = [mark?.score, skip];
  for (let i = 0; i < flat.length; i += 2) {
    same = flat[i + 1] === score ? same + 1 : 1;
    score = flat[i + 1]!;
    ids.push(flat[i]!);
    marks.push({ score, skip: same });
  }
  return { ids, marks, last: ids.length < count };
}
