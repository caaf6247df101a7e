import type { KeptWorkflow } from '../model/kept-workflow.js';
import type { RunAddress, RunState } from '../model/run.js';
import { SlackwaterError } from '../platform/errors.js';
import { didYouMean } from '../platform/near-names.js';
import type { Store } from '../store/redis.js';
import { readWorkflow } from '../store/workflows/look.js';
import { type FoundRun, fitting, LOOKED_AT, readPage } from './found-runs.js';
import type { RunPage } from './list-runs.js';
import { placeOf } from './run-places.js';
import { badCursor, findRun, surroundings } from './runs.js';
import { partRunId } from './workflow-runs.js';

export interface PartsFilter {
  /** Of this step only. */
  step?: string | undefined;
  /** In one of these. */
  state?: RunState | readonly RunState[] | undefined;
  cursor?: string | undefined;
  /** At most so many, 1 to 500; default 50. */
  limit?: number | undefined;
}

/** So many are looked for at a time. */
const AT_ONCE = 200;

/** A step that has runs, and how many. */
interface Stop {
  step: string;
  each: boolean;
  queue: string;
  count: number;
}

/** Before which run of which step a page begins. */
interface Spot {
  step: string;
  from: number;
}

/**
 * Runs of the steps of a workflow run, in the order of its graph and of their elements, a page at a time; those that are no longer kept are left out.
 * @throws SlackwaterError `not-found` for an unknown run or step; `conflict` where the run has no steps; `bad-request` for a bad cursor.
 */
export async function listParts(store: Store, id: string, filter: PartsFilter): Promise<RunPage> {
  const { state, limit = 50 } = filter;
  const address = await findRun(store, id);
  const stops = stopsOf(id, await readWorkflow(store, address), filter.step);
  let { at, from } = startOf(filter.cursor, stops);
  const found: (FoundRun & { next: Spot })[] = [];
  let next: Spot | null = null;
  for (let looked = 0; at < stops.length; ) {
    const { step, count } = stops[at]!;
    if (from >= count) [at, from] = [at + 1, 0];
    else if (found.length === limit || looked >= LOOKED_AT) {
      next = { step, from };
      break;
    } else {
      // Where all fit, no more are looked for than are wanted.
      const to = Math.min(count, from + (state ? AT_ONCE : limit - found.length));
      const there = await placesOf(store, address, stops[at]!, from, to);
      const fits = await fitting(store, there, { state });
      looked += there.length;
      const wanted = there.filter((_, i) => fits[i]).slice(0, limit - found.length);
      found.push(...wanted);
      from = found.length === limit ? wanted.at(-1)!.next.from : to;
    }
  }
  const { items, brokeOffAt } = await readPage(store, found, await surroundings(store));
  const last = brokeOffAt?.next ?? next;
  return { items, nextCursor: last && encode(last) };
}

function stopsOf(id: string, kept: KeptWorkflow | null, only: string | undefined): Stop[] {
  if (!kept)
    throw new SlackwaterError(
      'conflict',
      `run ${id} has no steps: it is no run of a workflow, has not begun, or ended so long ago that they are no longer kept`,
    );
  const { steps } = kept.graph;
  const names = steps.map(({ name }) => name);
  if (only !== undefined && !names.includes(only))
    throw new SlackwaterError(
      'not-found',
      `run ${id} has no step ${JSON.stringify(only)}: ${didYouMean(only, names, `it has ${names.join(', ')}`)}`,
    );
  return steps.flatMap(({ name, each }) => {
    const { runs, count, enqueued, again } = kept.steps[name]!;
    if (runs === null || (only ?? name) !== name) return [];
    // As it is retried they are enqueued anew, one after the other, and are there all the while.
    return [{ step: name, each, queue: runs.queue, count: again ? (count ?? 0) : enqueued }];
  });
}

function placesOf(
  store: Store,
  workflow: RunAddress,
  { step, each, queue }: Stop,
  from: number,
  to: number,
): Promise<(FoundRun & { next: Spot })[]> {
  const indices = Array.from({ length: to - from }, (_, i) => from + i);
  return Promise.all(
    indices.map(async index => {
      const jobId = partRunId(workflow, step, each ? index : null);
      const place = await placeOf(store, queue, jobId);
      return { queue, jobId, place, next: { step, from: index + 1 } };
    }),
  );
}

function startOf(cursor: string | undefined, stops: Stop[]): { at: number; from: number } {
  if (cursor === undefined) return { at: 0, from: 0 };
  const { step, from } = decode(cursor);
  const at = stops.findIndex(stop => stop.step === step);
  if (at < 0) throw badCursor(cursor);
  return { at, from };
}

const encode = ({ step, from }: Spot): string =>
  Buffer.from(JSON.stringify({ step, from })).toString('base64url');

function decode(text: string): Spot {
  try {
    const { step, from } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Spot;
    if (typeof step === 'string' && Number.isSafeInteger(from) && from >= 0) return { step, from };
  } catch {
    // Not ours: the error below says what to give.
  }
  throw badCursor(text);
}
