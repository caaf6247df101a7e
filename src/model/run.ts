import type { StepManifest, StepState } from './workflow.js';

/** Where a run stands, as API, CLI and docs say it. */
export const RUN_STATES = [
  'queued',
  'delayed',
  'running',
  'yielded',
  'waiting',
  'completed',
  'failed',
  'cancelled',
  'parked',
] as const;
export type RunState = (typeof RUN_STATES)[number];

export interface RunError {
  name: string;
  message: string;
  stack: string;
}

/** Why a run is set aside, and what a person may choose (`runs resume ID --choice …`). */
export interface Parked {
  reason: string;
  choices: string[];
}

export interface Progress {
  done: number;
  total: number | null;
  note: string | null;
}

/** What the store knows of a run's checkpoint without reading the state itself. */
interface CheckpointInfo {
  /** Schema version; `null` where only library cursors are kept. */
  version: number | null;
  bytes: number;
  /** ISO 8601, UTC, by the clock of Redis. */
  savedAt: string;
  /** How often a state was saved in the life of the run. */
  count: number;
}

export interface HeldBy {
  hold?: string;
  window?: string;
  /** Of its job: of all its runs, of those with the same concurrency key, or how many may begin in a time. */
  limit?: 'concurrency' | 'perKey' | 'rate';
  reason: string;
  until: string | null;
}

/** Who has asked for the end of a run, and for what. `by`: a person, or what does so by itself (`schedule flights.nightly`, `workflow run …`, `window …`). */
export interface Cancellation {
  by: string;
  reason: string | null;
  /** ISO 8601, UTC. */
  at: string;
}

/** As `by` of one that ends because its workflow run does. */
export const ofWorkflow = (id: string): string => `workflow run ${id}`;

/** A step of a workflow run: as it was when the run began, and how it stands. Times are ISO 8601 in UTC. */
export interface RunStep extends StepManifest {
  state: StepState;
  /** Of its runs; `null` before they are known, and where it has none. `left`: have not ended. */
  counts: { total: number; done: number; failed: number; cancelled: number; left: number } | null;
  /** Of its runs that are in their queue, the first hundred; `GET /v1/runs/:id/parts` has all. */
  ids: string[];
  readyAt: string | null;
  settledAt: string | null;
  /** When a wait is over, or a signal late. */
  dueAt: string | null;
  /** Its signal has come. */
  signalled: boolean;
  /** Where it is ready: why the release that runs cannot begin it. It waits for one that can. */
  unfit?: string;
}

/** A run as API and CLI answer it. Times are ISO 8601 in UTC. */
export interface Run {
  id: string;
  job: string;
  queue: string;
  app: string;
  state: RunState;
  /** 1 at first; grows with failures, falls back to 1 when the checkpoint advances. No window ever changes it. */
  attempt: number;
  payload: unknown;
  result: unknown;
  error: RunError | null;
  progress: Progress | null;
  release: string | null;
  host: string | null;
  createdAt: string;
  startedAt: string | null;
  /** On `host`: later than `startedAt` where it went on after a yield, a failure or a crash. */
  lastStartedAt: string | null;
  /** The number of its latest start or yield, as `ctx.fence`; rises with each. */
  fence: number | null;
  /** Deaths of its worker, on this release and since it last advanced. */
  crashes: number;
  finishedAt: string | null;
  scheduledFor: string | null;
  heldBy: HeldBy[];
  checkpoint: CheckpointInfo | null;
  parked: Parked | null;
  /** Of one that is cancelled, or has been asked to end and has not yet. */
  cancelled: Cancellation | null;
  /** Of a workflow run that has begun, where one run is asked for; else it is not there. */
  steps?: RunStep[];
}

/**
 * A kept step of a run: its result, or the recorded intent of an outside effect that has none yet, or that the effect was tried and
 * reported failure (it may be tried again).
 */
export type StepRecord = { intent: true } | { value: string } | { failed: true };

/**
 * The saved position of a run, as the store keeps it: two strings made by `model/state-codec`.
 * `state` is the author's, of schema `version`; `cursors` are those of `ctx.each` and `ctx.sleep`.
 */
export interface Envelope {
  state: string | null;
  version: number | null;
  cursors: string | null;
}

/** Everything a worker needs to start or go on with a run. */
export interface RunStart {
  runId: string;
  job: string;
  queue: string;
  attempt: number;
  /** Rises with every start of this run. */
  fence: number;
  release: string;
  scheduledFor: string | null;
  /** JSON text, as the producer sent it. */
  payload: string;
  checkpoint: Envelope | null;
  steps: Record<string, StepRecord>;
}

/** How one start of a run ended, as the worker tells its host. */
export type RunEnd =
  | { kind: 'completed'; result: unknown }
  | { kind: 'failed'; error: RunError; retry: boolean }
  | { kind: 'yielded'; checkpoint: Envelope | null }
  /** `lacks`: the job that the release does not have; it goes on by itself on one that does. */
  | { kind: 'parked'; parked: Parked; lacks?: string }
  | { kind: 'cancelled' };

/** Why a run is told to stop at once (`ctx.signal.reason`). */
export type AbortReason = 'cancelled' | 'timeout' | 'forced' | 'fenced';

export interface RunAddress {
  queue: string;
  jobId: string;
}
