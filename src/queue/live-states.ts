import { createHash } from 'node:crypto';
import type { SavedState } from '../model/saved-state.js';
import type { Store } from '../store/redis.js';
import { runIdOf } from './run-id.js';
import { badCursor, queueApps } from './runs.js';

export interface LiveFilter {
  job?: string | undefined;
  app?: string | undefined;
  cursor?: string | undefined;
  /** At most so many, 1 to 500; default 100. */
  limit?: number | undefined;
}

export interface LivePage {
  items: SavedState[];
  /** `null`: this was the last page. A page may be short, or empty, and not the last. */
  nextCursor: string | null;
}

/** A page looks at no more runs than this, however few of them fit. */
const LOOKED_AT = 2_000;
/** Nor does it answer much more than this: states may be large, and are read a few at a time to see how large. */
const MOST_BYTES = 4 * 1024 * 1024;
const READ_AT_ONCE = 10;

/**
 * Where the next page begins. `scan` is Redis' own cursor through a set, which gives a batch of runs at a time; `given` are those of that batch
 * which were answered already, as short hashes: the batch is asked for again, and may be another by then.
 */
interface Place {
  queue: string;
  scan: string;
  given: string[];
}

/**
 * The saved states of all runs that have not ended, those of parked runs too: what a window would prove. Each that is there from the first page to
 * the last is given at least once; one may come twice.
 * @throws SlackwaterError `bad-request` for a bad cursor.
 */
export async function listLiveStates(store: Store, filter: LiveFilter): Promise<LivePage> {
  const limit = filter.limit ?? 100;
  const after = filter.cursor === undefined ? null : decode(filter.cursor);
  const queues = [...(await queueApps(store))]
    .filter(([queue, app]) => (filter.app ?? app) === app && queue >= (after?.queue ?? ''))
    .map(([queue]) => queue)
    .sort();
  const items: SavedState[] = [];
  let [bytes, looked] = [0, 0];
  for (const queue of queues) {
    let place: Place = after?.queue === queue ? after : { queue, scan: '0', given: [] };
    do {
      const { next, ids } = await batchAt(store, place, limit);
      const fits = await thatAreLive(store, queue, ids, filter.job);
      looked += ids.length;
      let answered = 0;
      while (answered < fits.length && items.length < limit && bytes < MOST_BYTES) {
        const some = fits.slice(answered, answered + Math.min(READ_AT_ONCE, limit - items.length));
        const states = await statesOf(store, queue, some);
        items.push(...states);
        bytes += states.reduce((sum, { state }) => sum + (state?.length ?? 0), 0);
        answered += some.length;
      }
      if (answered < fits.length) {
        const given = [...place.given, ...fits.slice(0, answered).map(({ jobId }) => shortHash(jobId))];
        return { items, nextCursor: encode({ ...place, given }) };
      }
      place = { queue, scan: next, given: [] };
      const more = next !== '0' || queue !== queues.at(-1);
      if (more && (items.length >= limit || bytes >= MOST_BYTES || looked >= LOOKED_AT))
        return { items, nextCursor: encode(next === '0' ? startAfter(queue) : place) };
    } while (place.scan !== '0');
  }
  return { items, nextCursor: null };
}

/** How many runs of a job that have not ended have a state of this version; without one, of any. */
export async function countLiveStates(
  store: Store,
  { queue, job, version }: { queue: string; job: string; version?: number },
): Promise<number> {
  const found = new Set<string>();
  let scan = '0';
  do {
    const { next, ids } = await batchAt(store, { queue, scan, given: [] }, 1_000);
    const live = await thatAreLive(store, queue, ids, job);
    const asked = store.redis.pipeline();
    for (const { jobId } of live) asked.hget(store.keys.run(queue, jobId), 'version');
    const versions = (await asked.exec()) ?? [];
    for (const [i, { jobId }] of live.entries())
      if (version === undefined || versions[i]?.[1] === String(version)) found.add(jobId);
    scan = next;
  } while (scan !== '0');
  return found.size;
}

async function batchAt({ redis, keys }: Store, { queue, scan, given }: Place, count: number) {
  const [next, found] = await redis.sscan(keys.live(queue), scan, 'COUNT', count);
  return { next, ids: [...new Set(found)].sort().filter(id => !given.includes(shortHash(id))) };
}

/** Those that have not ended, and are of this job. The set may still hold what ended while its host died. */
async function thatAreLive(
  { redis, keys }: Store,
  queue: string,
  ids: string[],
  wanted: string | undefined,
): Promise<{ jobId: string; job: string }[]> {
  const asked = redis.pipeline();
  for (const id of ids) {
    asked.hmget(keys.job(queue, id), 'name', 'finishedOn');
    asked.hget(keys.run(queue, id), 'outcome');
  }
  const answers = (await asked.exec()) ?? [];
  return ids.flatMap((jobId, i) => {
    const [job, ended] = (answers[2 * i]?.[1] ?? []) as (string | null)[];
    const parked = answers[2 * i + 1]?.[1] === 'parked';
    return job && (!ended || parked) && (wanted ?? job) === job ? [{ jobId, job }] : [];
  });
}

async function statesOf(
  { redis, keys }: Store,
  queue: string,
  runs: { jobId: string; job: string }[],
): Promise<SavedState[]> {
  const asked = redis.pipeline();
  for (const { jobId } of runs)
    asked.hmget(keys.run(queue, jobId), 'version', 'state', 'savedAt', 'stateRelease', 'release');
  const answers = (await asked.exec()) ?? [];
  return runs.map(({ jobId, job }, i) => {
    const [version, state, savedAt, writer, last] = (answers[i]?.[1] ?? []) as (string | null)[];
    return {
      job,
      version: version ? Number(version) : null,
      state: state || null,
      run: runIdOf(queue, jobId),
      savedAt: savedAt ? new Date(Number(savedAt)).toISOString() : null,
      // An earlier Slackwater kept only where the run was last.
      release: writer || last || null,
    };
  });
}

/** Every queue behind this one: no name of a queue begins with it and goes on with this character, which sorts before all that may follow. */
const startAfter = (queue: string): Place => ({ queue: `${queue}\u0000`, scan: '0', given: [] });

const HASH_LENGTH = 8;
const shortHash = (id: string): string =>
  createHash('sha256').update(id).digest('base64url').slice(0, HASH_LENGTH);

const encode = ({ queue, scan, given }: Place): string =>
  Buffer.from(JSON.stringify({ queue, scan, given: given.join('') })).toString('base64url');

function decode(text: string): Place {
  try {
    const { queue, scan, given } = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof queue === 'string' && /^\d{1,20}$/.test(scan) && typeof given === 'string')
      return { queue, scan, given: given.match(new RegExp(`.{${HASH_LENGTH}}`, 'g')) ?? [] };
  } catch {
    // Not ours: the error below says what to give.
  }
  throw badCursor(text);
}
