import type { Run, RunState } from '../model/run.js';
import type { Store } from '../store/redis.js';
import { type Mark, pageOf } from './run-places.js';
import { type Place, type RunFields, stateOf } from './run-record.js';
import { badCursor, queueApps, readRuns, type Surroundings, surroundings } from './runs.js';
import { isTaskQueue } from './task-runs.js';

export interface RunFilter {
  job?: string | undefined;
  /** In one of these. */
  state?: RunState | readonly RunState[] | undefined;
  queue?: string | undefined;
  app?: string | undefined;
  /** The release on which it ran last, or the beginning of its ID. */
  release?: string | undefined;
  /** It has ended, then or later: ms, by the clock of its host. Hooks and probes are left out, unless their queue is asked for. */
  endedSince?: number | undefined;
  cursor?: string | undefined;
  /** At most so many, 1 to 500; default 50. */
  limit?: number | undefined;
}

export interface RunPage {
  items: Run[];
  /** `null`: this was the last page. A page may be short, or empty, and not the last. */
  nextCursor: string | null;
}

/** Where runs of a state can be, in the order of the list: first what is at work, then what waits, then what has ended. */
const PLACES: Record<RunState, Place[]> = {
  running: ['active'],
  yielded: ['active', 'wait', 'prioritized', 'delayed'],
  // In line for a seat it stands among the delayed ones.
  queued: ['active', 'wait', 'prioritized', 'delayed'],
  delayed: ['delayed'],
  // A workflow run stands aside as a delayed job, but for the moments in which it begins and ends.
  waiting: ['delayed', 'active', 'wait', 'prioritized', 'waiting-children'],
  parked: ['failed'],
  failed: ['failed'],
  // A run that was cancelled in the queue stays there until a host takes it out.
  cancelled: ['failed', 'active', 'wait', 'prioritized', 'delayed'],
  completed: ['completed'],
};
const ENDED: Place[] = ['failed', 'completed'];
const ALL: Place[] = ['active', 'wait', 'prioritized', 'delayed', 'waiting-children', ...ENDED];

/** A page looks at no more than this: the cost of a call has a bound, however many wait. */
const LOOKED_AT = 2_000;
/** Nor does it answer much more than this: payloads may be large. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Runs are read so many at a time, to see how large they are. */
const READ_AT_ONCE = 20;

interface Cursor {
  place: Place;
  queue: string;
  mark: Mark | null;
}

/** Runs of all queues, a page at a time, in the order of `ALL`; in each place queue by queue. @throws SlackwaterError `bad-request` for a bad cursor. */
export async function listRuns(store: Store, filter: RunFilter): Promise<RunPage> {
  const around = await surroundings(store);
  const { found, next } = await findRuns(store, filter, around);
  const items: Run[] = [];
  let bytes = 0;
  for (let i = 0; i < found.length; i += READ_AT_ONCE) {
    const slice = found.slice(i, i + READ_AT_ONCE);
    const runs = await readRuns(store, slice, around);
    items.push(...runs);
    bytes += Buffer.byteLength(JSON.stringify(runs));
    if (bytes > MOST_BYTES && i + READ_AT_ONCE < found.length)
      return { items, nextCursor: encode(slice.at(-1)!) };
  }
  return { items, nextCursor: next && encode(next) };
}

/** A page of where they are, without a look at what they hold. @throws SlackwaterError `bad-request` for a bad cursor. */
export async function findPlaces(
  store: Store,
  filter: RunFilter,
): Promise<{ found: FoundRun[]; nextCursor: string | null }> {
  const { found, next } = await findRuns(store, filter, { apps: await queueApps(store) });
  return { found, nextCursor: next && encode(next) };
}

export interface FoundRun {
  queue: string;
  jobId: string;
  place: Place;
}

async function findRuns(
  store: Store,
  filter: RunFilter,
  around: Pick<Surroundings, 'apps'>,
): Promise<{ found: (Cursor & FoundRun)[]; next: Cursor | null }> {
  const limit = filter.limit ?? 50;
  const since = filter.endedSince;
  const wanted = filter.state ? [filter.state].flat().flatMap(state => PLACES[state]) : ALL;
  const places = ALL.filter(
    place => wanted.includes(place) && (since === undefined || ENDED.includes(place)),
  );
  const queues = [...around.apps]
    .filter(([queue, app]) => (filter.queue ?? queue) === queue && (filter.app ?? app) === app)
    .map(([queue]) => queue)
    .filter(queue => since === undefined || filter.queue !== undefined || !isTaskQueue(queue))
    .sort();
  const stops = places.flatMap(place => queues.map(queue => ({ place, queue })));

  const found: (Cursor & FoundRun)[] = [];
  let { at, mark } = startOf(filter.cursor, stops);
  for (let looked = 0; at < stops.length; ) {
    const stop = stops[at]!;
    // Without a filter every run fits, so no more are read than fit.
    const count = Math.min(isNarrow(filter) ? 500 : limit - found.length, LOOKED_AT - looked);
    const page = await pageOf(store, stop.queue, stop.place, mark, count, since);
    const fits = await matching(store, stop, page.ids, filter);
    looked += page.ids.length;
    for (const [i, jobId] of page.ids.entries()) {
      mark = page.marks[i]!;
      if (fits[i]) found.push({ ...stop, jobId, mark });
      const more = i + 1 < page.ids.length || !page.last || at + 1 < stops.length;
      if (found.length === limit && more) return { found, next: { ...stop, mark } };
    }
    if (page.last) [at, mark] = [at + 1, null];
    if (looked >= LOOKED_AT && at < stops.length) return { found, next: { ...stops[at]!, mark } };
  }
  return { found, next: null };
}

/** Which of these fit, from the few fields that tell. */
async function matching(
  { redis, keys }: Store,
  { queue, place }: { queue: string; place: Place },
  ids: string[],
  filter: RunFilter,
): Promise<boolean[]> {
  if (ids.length === 0 || !isNarrow(filter)) return ids.map(() => true);
  const { job, release = '' } = filter;
  const state = filter.state && [filter.state].flat();
  const asked = redis.pipeline();
  for (const id of ids) {
    asked.hget(keys.job(queue, id), 'name');
    asked.hmget(
      keys.run(queue, id),
      'outcome',
      'yielded',
      'cancel',
      'startedAt',
      'workflow',
      'waits',
      'release',
    );
  }
  const answers = (await asked.exec()) ?? [];
  return ids.map((_, i) => {
    const name = answers[2 * i]?.[1];
    const fields = (answers[2 * i + 1]?.[1] ?? []) as (string | null)[];
    const [outcome, yielded, cancel, startedAt, workflow, waits, last] = fields;
    const run: RunFields = { outcome, yielded, cancel, startedAt, workflow, waits };
    return (
      (!job || name === job) &&
      (!state || state.includes(stateOf(place, run))) &&
      (last ?? '').startsWith(release)
    );
  });
}

/** Whether runs have to be looked at to know which fit; by queue and app whole queues do, and by their end a part of each. */
const isNarrow = ({ job, state, release }: RunFilter): boolean => Boolean(job || state || release);

/** The stop that a cursor names, or the first one behind it where its queue is no more. */
function startOf(cursor: string | undefined, stops: { place: Place; queue: string }[]) {
  if (cursor === undefined) return { at: 0, mark: null as Mark | null };
  const { place, queue, mark } = decode(cursor);
  const first = stops.findIndex(stop => stop.place === place);
  if (first < 0 && stops.length > 0) throw badCursor(cursor);
  const at = stops.findIndex((stop, i) => i >= first && (stop.place !== place || stop.queue >= queue));
  if (at < 0) return { at: stops.length, mark: null };
  const same = stops[at]!.queue === queue && stops[at]!.place === place;
  return { at, mark: same ? mark : null };
}

const encode = ({ place, queue, mark }: Cursor): string =>
  Buffer.from(JSON.stringify({ place, queue, mark })).toString('base64url');

function decode(text: string): Cursor {
  try {
    const { place, queue, mark } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Cursor;
    if (ALL.includes(place) && typeof queue === 'string' && (mark === null || fitsPlace(place, mark)))
      return { place, queue, mark };
  } catch {
    // Not ours: the error below says what to give.
  }
  throw badCursor(text);
}

const fitsPlace = (place: Place, mark: Mark): boolean =>
  place === 'wait' || place === 'active'
    ? 'offset' in mark &&
      Number.isSafeInteger(mark.offset) &&
      mark.offset >= 0 &&
      typeof (mark.after ?? '') === 'string'
    : 'score' in mark &&
      Number.isFinite(Number(mark.score)) &&
      Number.isSafeInteger(mark.skip) &&
      mark.skip >= 0;
