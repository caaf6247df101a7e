import type { RunAddress, RunState } from '../model/run.js';
import type { PartOf } from '../model/workflow.js';
import type { Store } from '../store/redis.js';
import { ownOptionsOf } from './own-options.js';
import { runIdOf } from './run-id.js';
import { placeOf } from './run-places.js';
import { named, ownRecord, type RunFields, STATE_FIELDS, stateOf } from './run-record.js';

/** The workflow run that a run is part of in the end: itself no part of another one. */
export interface Whole {
  id: string;
  job: string;
  state: RunState;
  /** Whose run it is, through all sub-workflows: `load/extract`. */
  step: string;
}

/** Which step of which workflow run this is; `null`: it is no part of any. */
export async function partOf({ redis, keys }: Store, { queue, jobId }: RunAddress): Promise<PartOf | null> {
  return partIn(await redis.hget(keys.job(queue, jobId), 'opts'));
}

/** @param opts as the queue has them, JSON text */
export const partIn = (opts: string | null): PartOf | null =>
  ownOptionsOf(opts ? JSON.parse(opts) : null).part ?? null;

/** `null`: nothing is kept of its workflow any more, and it is a run like any other. */
export async function wholeOf(store: Store, part: PartOf): Promise<Whole | null> {
  const { redis, keys } = store;
  const { queue, jobId, step } = part;
  if (!(await redis.exists(keys.workflow(queue, jobId)))) return null;
  const upper = await partOf(store, part);
  const above = upper && (await wholeOf(store, upper));
  if (above) return { ...above, step: `${above.step}/${step}` };
  const [[job, timestamp], place, kept] = await Promise.all([
    redis.hmget(keys.job(queue, jobId), 'name', 'timestamp'),
    placeOf(store, queue, jobId),
    redis.hmget(keys.run(queue, jobId), ...STATE_FIELDS),
  ]);
  const run = ownRecord(named<RunFields>(STATE_FIELDS, kept), timestamp);
  return { id: runIdOf(queue, jobId), job: job ?? '', state: stateOf(place, run), step };
}

/** What a person does about a part that has ended: alone it would only end once more. */
export function insteadOf({ id, job, state }: Whole): string {
  if (state === 'completed')
    return `that one has completed all the same, ask for another run of it (slackwater run ${job})`;
  const retry = `retry that one, it goes on from what failed (slackwater runs retry ${id})`;
  return ['failed', 'cancelled', 'parked'].includes(state) ? retry : `once it has failed too, ${retry}`;
}

/** Counts the parts of each workflow run among many runs. */
export class PartsMet {
  readonly #wholes = new Map<string, Promise<Whole | null>>();
  readonly #counts = new Map<string, { whole: Whole; count: number }>();

  constructor(private readonly store: Store) {}

  /** @returns whether it is one of a workflow that is kept. */
  async isPart(part: PartOf): Promise<boolean> {
    const key = `${part.queue}/${part.jobId}`;
    const asked = this.#wholes.get(key) ?? wholeOf(this.store, part);
    this.#wholes.set(key, asked);
    const whole = await asked;
    if (!whole) return false;
    const { count } = this.#counts.get(whole.id) ?? { count: 0 };
    this.#counts.set(whole.id, { whole, count: count + 1 });
    return true;
  }

  /** Of each workflow run, how many were met. */
  all(): { whole: Whole; count: number }[] {
    return [...this.#counts.values()];
  }
}
