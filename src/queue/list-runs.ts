import type { Run, RunState } from '../model/run.js';
import type { Store } from '../store/redis.js';
import { type FoundRun, fitting, isNarrow, LOOKED_AT, type Narrow, readPage } from './found-runs.js';
import { type Mark, pageOf } from './run-places.js';
import type { Place } from './run-record.js';
import { badCursor, queueApps, type Surroundings, surroundings } from './runs.js';
import { isTaskQueue } from './task-runs.js';

export interface RunFilter extends Narrow {
  queue?: string | undefined;
  app?: string | undefined;
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

interface Cursor {
  place: Place;
  queue: string;
  mark: Mark | null;
}

/** Runs of all queues, a page at a time, in the order of `ALL`; in each place queue by queue. @throws SlackwaterError `bad-request` for a bad cursor. */
export async function listRuns(store: Store, filter: RunFilter): Promise<RunPage> {
  const around = await surroundings(store);
  const { found, next } = await findRuns(store, filter, around);
  const { items, brokeOffAt } = await readPage(store, found, around);
  const last = brokeOffAt ?? next;
  return { items, nextCursor: last && encode(last) };
}

/** A page of where they are, without a look at what they hold. @throws SlackwaterError `bad-request` for a bad cursor. */
export async function findPlaces(
  store: Store,
  filter: RunFilter,
): Promise<{ found: FoundRun[]; nextCursor: string | null }> {
  const { found, next } = await findRuns(store, filter, { apps: await queueApps(store) });
  return { found, nextCursor: next && encode(next) };
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
    // By queue and app whole queues fit, and by their end a part of each: then no more are read than fit.
    const count = Math.min(isNarrow(filter) ? 500 : limit - found.length, LOOKED_AT - looked);
    const page = await pageOf(store, stop.queue, stop.place, mark, count, since);
    const there = page.ids.map(jobId => ({ ...stop, jobId }));
    const fits = await fitting(store, there, filter);
    looked += page.ids.length;
    for (const i of page.ids.keys()) {
      mark = page.marks[i]!;
      if (fits[i]) found.push({ ...there[i]!, mark });
      const more = i + 1 < page.ids.length || !page.last || at + 1 < stops.length;
      if (found.length === limit && more) return { found, next: { ...stop, mark } };
    }
    if (page.last) [at, mark] = [at + 1, null];
    if (looked >= LOOKED_AT && at < stops.length) return { found, next: { ...stops[at]!, mark } };
  }
  return { found, next: null };
}

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
