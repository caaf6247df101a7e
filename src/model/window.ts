import type { Blocker, Refusal } from './intent.js';

export const PHASES = [
  'scheduled',
  'preparing',
  'draining',
  'swapping',
  'verifying',
  'resuming',
  'watching',
  'done',
] as const;
export type Phase = (typeof PHASES)[number];

export const OUTCOMES = [
  'completed',
  'aborted',
  'rolled-back',
  'refused',
  'cancelled',
  'missed',
  'held',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface PhaseEntry {
  phase: Phase;
  /** When it was entered, ISO 8601 by the clock of Redis. */
  at: string;
  /** How long it lasted; `null` while it is on. */
  ms: number | null;
  /** Why it was entered: the sentence of the transition. */
  because: string;
}

/** What an operator has asked for and the engine has not yet acted on. */
export interface Request {
  kind: 'start' | 'cancel' | 'abort';
  by: string;
  at: string;
}

/** One planned change of an app's release: the record in Redis, and the answer of `GET /v1/windows/:id`. */
export interface Window {
  id: string;
  app: string;
  /** Rises with every write: the `ETag`, and what the store compares before it writes. */
  version: number;
  release: string;
  previousRelease: string | null;
  phase: Phase;
  outcome: Outcome | null;
  /** Why it was declared. */
  reason: string;
  createdBy: string;
  createdAt: string;
  startsAt: string;
  finishedAt: string | null;
  queues: string[];
  strategy: 'window';
  drainTimeoutMs: number;
  onDrainTimeout: 'abort' | 'force';
  maxDurationMs: number;
  /** When draining must be over; set on entering `draining`, moved by `extend`, and once more when force is used. */
  drainDeadline: string | null;
  /** When the window must be over, set on entering `preparing`: its holds last until then. */
  endsBy: string | null;
  /** The deadline passed and `onDrainTimeout` is `force`. */
  forced: boolean;
  proofRound: number;
  request: Request | null;
  phases: PhaseEntry[];
  runs: { inFlight: number; yielded: number; finished: number; forced: number };
  blockers: Blocker[];
  /** Why it was refused: at most 100. */
  refusals: Refusal[];
  /** One sentence on how it ended, for people. */
  summary: string | null;
  hosts: { id: string; release: string | null; phase: string }[];
}

/** What came of a fire that fell into a window. */
export interface FireRecord {
  schedule: string;
  at: string;
  fate: 'ran' | 'late' | 'coalesced' | 'skipped' | 'held';
}

/** The account of a finished window. All `…Ms` in milliseconds. */
export interface Report {
  window: string;
  app: string;
  outcome: Outcome;
  summary: string | null;
  reason: string;
  from: string | null;
  to: string;
  startedAt: string | null;
  finishedAt: string;
  phases: PhaseEntry[];
  /** From the last progress on the old release to the first on the new; 0 where nothing ran. */
  downtimeMs: number;
  drainMs: number;
  swapMs: number;
  /** The part of the downtime in which no run computed at all. */
  stoppedMs: number;
  /** A run's own time from its yield to going on. */
  pause: { p50Ms: number; p99Ms: number; maxMs: number };
  forecast: { drainMs: number | null };
  runs: {
    inFlight: number;
    yielded: number;
    finished: number;
    forced: number;
    resumed: number;
    parked: number;
  };
  work: { lostMs: number; repeatedCheckpoints: number };
  proof: { checkpoints: number; ms: number; oneWay: string[] };
  intake: { accepted: number };
  fires: FireRecord[];
  blockers: Blocker[];
  refusals: Refusal[];
}
