import type { Run, RunState } from '../model/run.js';
import type { Store } from '../store/redis.js';
import { named, ownRecord, type Place, type RunFields, STATE_FIELDS, stateOf } from './run-record.js';
import { readRuns, type Surroundings } from './runs.js';

/** Where a run is, before it is read. */
export interface FoundRun {
  queue: string;
  jobId: string;
  place: Place;
}

/** What is looked at of each run that is found. */
export interface Narrow {
  job?: string | undefined;
  /** In one of these. */
  state?: RunState | readonly RunState[] | undefined;
  /** The release on which it ran last, or the beginning of its ID. */
  release?: string | undefined;
}

/** A page looks at no more runs than this: the cost of a call has a bound, however many there are. */
export const LOOKED_AT = 2_000;
/** Nor does it answer much more than this: payloads may be large. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Runs are read so many at a time, to see how large they are. */
const READ_AT_ONCE = 20;

/** Whether runs have to be looked at to know which fit. */
export const isNarrow = ({ job, state, release }: Narrow): boolean => Boolean(job || state || release);

/** Which of these fit, from the few fields that tell. */
export async function fitting({ redis, keys }: Store, found: FoundRun[], filter: Narrow): Promise<boolean[]> {
  if (found.length === 0 || !isNarrow(filter)) return found.map(() => true);
  const { job, release: wanted = '' } = filter;
  const state = filter.state && [filter.state].flat();
  const asked = redis.pipeline();
  for (const { queue, jobId } of found) {
    asked.hmget(keys.job(queue, jobId), 'name', 'timestamp');
    asked.hmget(keys.run(queue, jobId), ...STATE_FIELDS, 'release');
  }
  const answers = (await asked.exec()) ?? [];
  return found.map(({ place }, i) => {
    const [name, timestamp] = (answers[2 * i]?.[1] ?? []) as (string | null)[];
    const kept = named<RunFields>([...STATE_FIELDS, 'release'], answers[2 * i + 1]?.[1]);
    const run = ownRecord(kept, timestamp);
    return (
      (!job || name === job) &&
      (!state || state.includes(stateOf(place, run))) &&
      (run.release ?? '').startsWith(wanted)
    );
  });
}

/** Reads them until a page is large enough. @returns also the last one that was read, where others are left. */
export async function readPage<Found extends FoundRun>(
  store: Store,
  found: Found[],
  around: Surroundings,
): Promise<{ items: Run[]; brokeOffAt: Found | null }> {
  const items: Run[] = [];
  let bytes = 0;
  for (let i = 0; i < found.length; i += READ_AT_ONCE) {
    const slice = found.slice(i, i + READ_AT_ONCE);
    const runs = await readRuns(store, slice, around);
    items.push(...runs);
    bytes += Buffer.byteLength(JSON.stringify(runs));
    if (bytes > MOST_BYTES && i + READ_AT_ONCE < found.length) return { items, brokeOffAt: slice.at(-1)! };
  }
  return { items, brokeOffAt: null };
}
