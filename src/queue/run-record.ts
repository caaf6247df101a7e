import { heldByLimit, type Waits } from '../model/limits.js';
import {
  type Cancellation,
  type HeldBy,
  ofWorkflow,
  type Parked,
  type Run,
  type RunError,
  type RunState,
} from '../model/run.js';
import { ownOptionsOf } from './own-options.js';
import { runIdOf } from './run-id.js';

/** Where BullMQ has a job. */
export type Place =
  | 'wait'
  | 'prioritized'
  | 'delayed'
  | 'active'
  | 'waiting-children'
  | 'completed'
  | 'failed';

/** Fields of a run's own hash that people see. The state itself is never read for a list. */
export const RUN_FIELDS = [
  'app',
  'failures',
  'yielded',
  'stopped',
  'cancel',
  'cancelWhy',
  'outcome',
  'park',
  'error',
  'progress',
  'release',
  'host',
  'startedAt',
  'lastStart',
  'fence',
  'crashes',
  'version',
  'bytes',
  'savedAt',
  'count',
  'workflow',
  'ofJob',
  'waits',
] as const;
export type RunFields = Partial<Record<(typeof RUN_FIELDS)[number], string | null>>;

/** Of these, what tells its state. */
export const STATE_FIELDS = [
  'outcome',
  'yielded',
  'stopped',
  'savedAt',
  'cancel',
  'startedAt',
  'workflow',
  'waits',
  'ofJob',
] as const satisfies (typeof RUN_FIELDS)[number][];

/** Fields as Redis answers them, in the order of their names; others may come behind. */
export function named<Fields>(names: readonly string[], values: unknown): Fields {
  const list = Array.isArray(values) ? values : [];
  return Object.fromEntries(names.map((name, i) => [name, list[i] ?? null])) as Fields;
}

/** What is kept of a run, unless it is of an earlier one of the same ID, which was removed: `timestamp` of its job. */
export const ownRecord = (run: RunFields, timestamp: string | null | undefined): RunFields =>
  run.ofJob && timestamp && run.ofJob !== timestamp ? {} : run;

/** Fields of BullMQ's job hash. */
export const JOB_FIELDS = [
  'name',
  'data',
  'opts',
  'timestamp',
  'processedOn',
  'finishedOn',
  'returnvalue',
  'failedReason',
  'stacktrace',
] as const;
export type JobFields = Partial<Record<(typeof JOB_FIELDS)[number], string | null>>;

/**
 * BullMQ's place and our marks, read as one state. A claim that has not started is still queued for people. A workflow run waits for its steps from its beginning to
 * its end, wherever the job that stands for it is. One that was stopped without a yield goes on from what it had saved like one that yielded; where that is nothing it waits
 * for its beginning once more.
 */
export function stateOf(place: Place, run: RunFields): RunState {
  if (run.workflow === '1' && place !== 'completed' && place !== 'failed') return 'waiting';
  switch (place) {
    case 'completed':
      return 'completed';
    case 'failed':
      return run.outcome === 'parked' || run.outcome === 'cancelled' ? run.outcome : 'failed';
    case 'waiting-children':
      return 'waiting';
    case 'active':
      if (rests(run)) return hasYielded(run) ? 'yielded' : 'queued';
      return run.startedAt ? 'running' : run.cancel === '1' ? 'cancelled' : 'queued';
    default:
      // Cancelled before it started: ended for people, and by the host as soon as it is claimed.
      if (run.cancel === '1') return 'cancelled';
      // In line for a seat, and only there out of BullMQ's way.
      if (place === 'delayed' && !run.waits) return 'delayed';
      return hasYielded(run) ? 'yielded' : 'queued';
  }
}

const rests = ({ yielded, stopped }: RunFields): boolean => yielded === '1' || stopped === '1';
/** There is something that it goes on from. */
const hasYielded = ({ yielded, stopped, savedAt }: RunFields): boolean =>
  yielded === '1' || (stopped === '1' && Boolean(savedAt));

export interface RunSource {
  queue: string;
  jobId: string;
  place: Place;
  job: JobFields;
  run: RunFields;
  /** The app that the queue belongs to. */
  app: string;
  heldBy: HeldBy[];
}

export function toRun({ queue, jobId, place, job, run, app, heldBy }: RunSource): Run {
  const state = stateOf(place, run);
  const waits = state === 'queued' || state === 'delayed' || state === 'yielded';
  return {
    id: runIdOf(queue, jobId),
    job: job.name ?? '',
    queue,
    app: run.app ?? app,
    state,
    attempt: attemptOf(state, Number(run.failures ?? 0)),
    payload: parse(job.data),
    result: state === 'completed' ? parse(job.returnvalue) : null,
    error: state === 'completed' ? null : errorOf(job, run),
    progress: parse(run.progress) as Run['progress'],
    release: run.release || null,
    host: run.host || null,
    createdAt: isoOf(job.timestamp) ?? new Date(0).toISOString(),
    startedAt: isoOf(run.startedAt) ?? isoOf(state === 'queued' ? null : job.processedOn),
    lastStartedAt: isoOf(run.lastStart),
    fence: run.fence ? Number(run.fence) : null,
    crashes: Number(run.crashes ?? 0),
    finishedAt: isoOf(job.finishedOn),
    scheduledFor: dueAt(job),
    heldBy: waits ? [...heldBy, ...limitOf(place, run)] : [],
    checkpoint: run.savedAt
      ? {
          version: run.version ? Number(run.version) : null,
          bytes: Number(run.bytes ?? 0),
          savedAt: isoOf(run.savedAt)!,
          count: Number(run.count ?? 0),
        }
      : null,
    parked: state === 'parked' ? (parse(run.park) as Parked | null) : null,
    cancelled: cancelledBy(state, job, run),
  };
}

function limitOf(place: Place, { waits }: RunFields): HeldBy[] {
  return place === 'delayed' && waits ? [heldByLimit(JSON.parse(waits) as Waits)] : [];
}

function cancelledBy(state: RunState, job: JobFields, { cancelWhy }: RunFields): Cancellation | null {
  // One that has ended otherwise, was faster.
  if (!cancelWhy || state === 'completed' || state === 'failed' || state === 'parked') return null;
  const { by, reason, at } = JSON.parse(cancelWhy) as { by: string; reason: string; at: number };
  const { part } = ownOptionsOf(parse(job.opts));
  const who = by || (part ? ofWorkflow(runIdOf(part.queue, part.jobId)) : '');
  return { by: who, reason: reason || null, at: new Date(at).toISOString() };
}

/** The attempt that is under way or comes next; of a failed run, after which none comes, the one that failed. */
const attemptOf = (state: RunState, failures: number): number =>
  state === 'failed' ? Math.max(1, failures) : failures + 1;

function errorOf(job: JobFields, run: RunFields): RunError | null {
  if (run.error) return parse(run.error) as RunError;
  // What BullMQ has of a parked or cancelled run is only a word for it.
  if (!job.failedReason || run.outcome) return null;
  const stacks = parse(job.stacktrace);
  const stack = Array.isArray(stacks) ? String(stacks.at(-1) ?? '') : '';
  return { name: 'Error', message: job.failedReason, stack: stack || `Error: ${job.failedReason}` };
}

function dueAt(job: JobFields): string | null {
  const options = parse(job.opts);
  const { scheduledFor } = ownOptionsOf(options);
  if (scheduledFor) return scheduledFor;
  const { delay } = (options ?? {}) as { delay?: number };
  return delay ? isoOf(String(Number(job.timestamp) + delay)) : null;
}

/** Milliseconds, or a time that is ISO 8601 already. */
function isoOf(time: string | null | undefined): string | null {
  if (!time) return null;
  const date = new Date(/^\d+$/.test(time) ? Number(time) : time);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** JSON that others wrote: what cannot be read is shown as it stands. */
function parse(text: string | null | undefined): unknown {
  if (text === null || text === undefined || text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
