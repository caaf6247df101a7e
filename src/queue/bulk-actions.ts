import type { Parked, Run, RunState } from '../model/run.js';
import { SlackwaterError } from '../platform/errors.js';
import type { Store } from '../store/redis.js';
import type { Asker } from '../store/run-requests.js';
import type { FoundRun } from './found-runs.js';
import { findPlaces, type RunFilter } from './list-runs.js';
import { insteadOf, PartsMet, partIn } from './part-of.js';
import type { Queues } from './queues.js';
import { cancelRun, resumeRun, retryRun } from './run-actions.js';
import { runIdOf } from './run-id.js';
import { named, ownRecord, type RunFields, STATE_FIELDS, stateOf } from './run-record.js';
import { isTaskQueue } from './task-runs.js';

export type Verb = 'retry' | 'cancel';

/** A run that something was asked of, or could be. */
type Asked = Pick<Run, 'id' | 'job' | 'queue' | 'state'>;

/** A run that was left as it was. */
interface Passed {
  id: string;
  /**
   * `unknown-outcome`: a person has to look at it first. `part-of-window`: only its window does it again. `part-of-workflow`: the run is that of a workflow, and it was
   * its parts that fit: it is what is retried. Or the code of what came in between.
   */
  code: string;
  detail: string;
}

export interface Choice {
  items: Asked[];
  passed: Passed[];
  /** There are others that fit. */
  more: boolean;
}

/** Of these states a run can be … */
export const STATES: Record<Verb, readonly RunState[]> = {
  retry: ['failed', 'parked', 'cancelled'],
  cancel: ['queued', 'delayed', 'running', 'yielded', 'waiting', 'parked'],
};

const PAGE = 500;
/** Requests under way at once. */
const AT_ONCE = 8;

/** Finds the runs that this can be asked of, at most `limit`, without a look at their payloads. */
export async function pickRuns(store: Store, verb: Verb, filter: RunFilter, limit: number): Promise<Choice> {
  const picked: Choice = { items: [], passed: [], more: false };
  const parts = new PartsMet(store);
  let cursor: string | undefined;
  do {
    const page = await findPlaces(store, { ...filter, cursor, limit: PAGE });
    for (const { run, parked, part } of await briefsOf(store, page.found)) {
      const why = verb === 'retry' ? passedOver(run, parked) : null;
      if (why) picked.passed.push(why);
      // A parked one has not ended for its workflow, and is retried like any other.
      else if (verb === 'retry' && part && !parked && (await parts.isPart(part))) continue;
      else if (picked.items.length === limit) picked.more = true;
      else picked.items.push(run);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && !picked.more);
  picked.passed.push(...passedParts(parts, picked.items));
  return picked;
}

/** One for each workflow run, however many parts: one that is picked itself goes on with them. */
function passedParts(parts: PartsMet, items: Asked[]): Passed[] {
  const ids = new Set(items.map(({ id }) => id));
  return parts
    .all()
    .filter(({ whole }) => !ids.has(whole.id))
    .map(({ whole, count }) => ({
      id: whole.id,
      code: 'part-of-workflow',
      detail: `${count === 1 ? '1 run is part' : `${count} runs are parts`} of workflow run ${whole.id} (${whole.job}): ${insteadOf(whole)}`,
    }));
}

function passedOver({ id, queue }: Asked, parked: Parked | null): Passed | null {
  if (isTaskQueue(queue))
    return { id, code: 'part-of-window', detail: 'a hook or probe, which only its window does again' };
  // To retry it says that the effect was not done: of many at once nobody can have looked.
  if (parked?.choices.includes('skip'))
    return {
      id,
      code: 'unknown-outcome',
      detail: 'left for a person: nobody knows whether what it did outside was done',
    };
  return null;
}

async function briefsOf({ redis, keys }: Store, found: FoundRun[]) {
  const asked = redis.pipeline();
  for (const { queue, jobId } of found) {
    asked.hmget(keys.job(queue, jobId), 'name', 'opts', 'timestamp');
    asked.hmget(keys.run(queue, jobId), ...STATE_FIELDS, 'park');
  }
  const answers = (await asked.exec()) ?? [];
  return found.flatMap(({ queue, jobId, place }, i) => {
    const [job = null, opts = null, timestamp] = (answers[2 * i]?.[1] ?? []) as (string | null)[];
    if (job === null) return [];
    const kept = named<RunFields>([...STATE_FIELDS, 'park'], answers[2 * i + 1]?.[1]);
    const run = ownRecord(kept, timestamp);
    const state = stateOf(place, run);
    const parked = state === 'parked' && run.park ? (JSON.parse(run.park) as Parked) : null;
    return [{ run: { id: runIdOf(queue, jobId), job, queue, state }, parked, part: partIn(opts) }];
  });
}

/**
 * Asks the same of many runs, a few at a time. What one of them cannot do is told of it alone.
 * @throws what Redis refuses: what was done until then is done.
 */
export async function askMany(
  store: Store,
  queues: Queues,
  verb: Verb,
  ids: string[],
  asker: Asker,
): Promise<Pick<Choice, 'items' | 'passed'>> {
  const items: Asked[] = [];
  const passed: Passed[] = [];
  const rest = [...new Set(ids)].reverse();
  const worker = async () => {
    for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
      try {
        const { job, queue, state } = await ask(store, queues, verb, id, asker);
        items.push({ id, job, queue, state });
      } catch (error) {
        if (!isAnswer(error)) throw error;
        passed.push({ id, code: error.code, detail: error.message });
      }
    }
  };
  const done = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  for (const each of done) if (each.status === 'rejected') throw each.reason;
  return { items, passed };
}

async function ask(store: Store, queues: Queues, verb: Verb, id: string, asker: Asker): Promise<Run> {
  if (verb === 'retry') return retryRun(store, queues, id);
  try {
    return await cancelRun(store, id, asker);
  } catch (error) {
    // A parked run has ended, and waits for a word: this is one.
    if (isAnswer(error) && error.code === 'conflict')
      return await resumeRun(store, queues, id, asker, 'cancel').catch(() => Promise.reject(error));
    throw error;
  }
}

const isAnswer = (error: unknown): error is SlackwaterError =>
  error instanceof SlackwaterError && ['not-found', 'conflict', 'bad-request'].includes(error.code);
