import type { ProofFailure } from './messages.js';

/**
 * What the engine wants of every host for one app: one small record in Redis, written with each transition. Hosts make it so and
 * report the `revision` they have reached. It is a level, not an edge: a host that joins, restarts or missed every message reads it
 * and does the same as all others.
 */
export interface Intent {
  app: string;
  /** Rises with every write. */
  revision: number;
  /** The lease term of its writer. A host never follows a lower term than it has seen. */
  term: number;
  /** The window that speaks, or `null` between windows. */
  window: string | null;
  /** The release whose workers run: the only one that may start runs. `null` before the first deploy. */
  release: string | null;
  /** The release to have loaded beside it, and to prove against. */
  standby: string | null;
  /** `closed`: no run starts; claims that still arrive wait in the host. */
  gate: 'open' | 'closed';
  /** Ask running runs to yield. */
  drain: boolean;
  /**
   * With `drain`, while the gate is open: when the slow runs will probably have come in (ISO 8601). Each run is asked so early that it comes in by then; the others
   * compute on, and runs that end before may still start. `null`: all are asked at once.
   */
  arriveAt: string | null;
  /** IDs of hosts that run `standby` already while the others run `release` (rolling). Empty otherwise. */
  moved: string[];
  /** Share of new runs, 0 to 1, that start in the standby workers (canary). */
  share: number;
  /** Stop what did not yield (the drain deadline passed, `onDrainTimeout: force`). */
  force: boolean;
  /** Rises when every checkpoint must be proven again; 0: no proof asked. */
  proofRound: number;
  /** A closed gate opens by itself at this time (ISO 8601), and runs that were asked to stop go on, on `release`, even with every server dead. */
  until: string | null;
}

/** A run whose state the next release cannot read, or that could not be brought back; or a workflow run that the next release cannot go on with. */
export interface Refusal extends ProofFailure {
  run: string;
  job: string;
  queue: string;
  /** Of a workflow run alone: the step that stands in the way, `null` where it is the workflow as a whole. */
  step?: string | null;
}

/** What a run needs to its next checkpoint or end, ms, is worth no word as long as it is not more than this. */
export const SLOW_MS = 500;

export interface Blocker {
  run: string;
  job: string;
  lastCheckpointAt: string | null;
  /** Whether it can stop half-way at all. */
  stoppable: boolean;
  /** Learned time to its next checkpoint or end; `null` without history, and where it is overdue. */
  estimateMs: number | null;
  /** It needs much longer than others on its host: they need not stop before it has come in. Absent in what an earlier Slackwater told. */
  slow?: boolean;
}

/** A proof of all live checkpoints by one host. */
export interface ProofStatus {
  round: number;
  done: boolean;
  checkpoints: number;
  ms: number;
  /** At most 100; `refused` counts all. */
  refusals: Refusal[];
  refused: number;
  /** Jobs whose states cannot be brought back down; a rollback follows their `onRollback`. */
  oneWay: string[];
  /** Runs whose state is of a later version than the next release reads, and has no way down. */
  setBack?: SetBack[];
}

/** What becomes of the runs of a job that cannot take their state along: they go on from an earlier position, or are parked. */
export interface SetBack {
  job: string;
  runs: number;
  onRollback: 'repeat' | 'park';
}

/** How the runs of one release of an app ended. All are counts. */
export interface RunRecord {
  completed: number;
  /** Attempts that failed, also those that are tried again. */
  failed: number;
  /** Deaths of workers that somebody's run caused. */
  crashes: number;
  parked: number;
}

/** A run that failed (it may be tried again) or was parked, and why, in at most 300 characters. */
export interface FailedRun {
  run: string;
  job: string;
  state: 'failed' | 'parked';
  error: string;
  /** The one on which it happened. */
  release: string;
  /** ISO 8601; absent in what an earlier Slackwater counted. */
  at?: string;
}

/** What one host counted in one window. All times: ms since the epoch by the clock of Redis; `null` until it happened. */
export interface WindowTally {
  window: string;
  /** Runs that computed here when intake closed. */
  inFlight: number;
  yielded: number;
  finished: number;
  forced: number;
  resumed: number;
  /** Went on in the former release after the window had turned round. */
  returned?: number;
  /** Failed after intake had reopened, attempts that are tried again included. */
  failed?: number;
  parked: number;
  /** Claims of runs in flight that were lost here before the runs had ended or gone on: they go on elsewhere. */
  lost?: number;
  /** The first five of those that failed on a release in which runs went on, or that were parked. */
  failures?: FailedRun[];
  lostMs: number;
  repeatedCheckpoints: number;
  /** Each run's own time from its yield to going on, ms. */
  pauses: number[];
  lastProgressOld: number | null;
  /** When nothing computed here any more; `null` while something does. */
  lastEndOld: number | null;
  firstStartNew: number | null;
  firstProgressNew: number | null;
  /** Runs whose state was brought down for older code; absent in the tally of an earlier Slackwater. */
  broughtDown?: number;
  /** Final states proven while draining. */
  proven: number;
}

/** One app on one host, as the host reports it. */
export interface HostAppStatus {
  /** The intent's revision that this describes. */
  revision: number;
  /** The release whose workers run here; `null`: none yet. */
  release: string | null;
  standby: { release: string; state: 'loading' | 'ready' | 'broken'; error: string | null } | null;
  gate: 'open' | 'closed';
  /** Workers of the running release that have loaded it. */
  ready?: number;
  /** Runs computing in workers now. */
  running: number;
  /** Claims held without computing: yielded ones and late arrivals. */
  waiting: number;
  /** Of `waiting`: those that could start now and have not been seen running. */
  resuming: number;
  /** Slow runs that have been asked to yield and still compute; with `arriveAt` the others are asked when none is left. */
  comingIn?: number;
  /** Runs that have begun here and are neither over nor given back, those of a canary included: should the host die, they are interrupted. */
  held?: number;
  /** Runs that compute in the standby workers: those of a canary, and those of hooks and probes. */
  ahead?: number;
  blockers: Blocker[];
  /** Final states that failed their proof while draining. */
  refusals: Refusal[];
  /** Final states sent to the standby and not yet answered. */
  proving: number;
  proof: ProofStatus | null;
  tally: WindowTally | null;
}

/** What a host said last in a window, kept beside the window: of a host that is gone nobody else knows. */
export interface LastWord {
  /** When, ISO 8601. */
  at: string;
  /** As in `HostAppStatus`; 0 where it left in good order. */
  held: number;
  /** Only of a host that left in good order with the `pauses` of its runs. */
  tally: WindowTally;
}

/** A host that fell silent, until another on its machine has come, an hour at most. */
export interface SilentHost {
  id: string;
  hostname: string;
  /** Its last sign of life, ISO 8601. */
  seenAt: string;
  /** Runs that it held then: they go on elsewhere. */
  runs: number;
}

export interface HostStatus {
  id: string;
  hostname: string;
  pid: number;
  version: string;
  workers: number;
  /** `null`: all queues. */
  queues: string[] | null;
  startedAt: string;
  seenAt: string;
  /** A leaving host takes no part in a window that begins. */
  leaving: boolean;
  apps: Record<string, HostAppStatus>;
}
