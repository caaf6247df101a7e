import type { Blocker, FailedRun, Refusal, RunRecord, SetBack } from './intent.js';
import type { Fire } from './schedule.js';
import type { Hook, Probe, Task } from './task.js';

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

export const STRATEGIES = ['window', 'rolling', 'canary'] as const;
/** `window`: all stop together. `rolling`: host by host, nothing stops. `canary`: a share of new runs first, then as `rolling`. */
export type Strategy = (typeof STRATEGIES)[number];

/** What a person may choose where a window is held. */
export const CHOICES = ['retry', 'go-on', 'go-back', 'release'] as const;
export type Choice = (typeof CHOICES)[number];

/** What an operator has asked for and the engine has not yet acted on. */
export interface Request {
  kind: 'start' | 'cancel' | 'abort' | 'end';
  /** With `end`, where the window is held. */
  choice?: Choice;
  by: string;
  at: string;
}

/** What a person asked of a window, or did to it; the window keeps it. */
export interface Asking {
  kind: Request['kind'] | 'approve' | 'extend';
  by: string;
  at: string;
  /** With `end`, where the window was held. */
  choice?: Choice;
  /** With `extend`. */
  byMs?: number;
}

/** How the new release is judged once intake is open on it. */
export interface Watch {
  durationMs: number;
  /** Ends (completions and failed attempts) before the rate says anything. */
  minRuns: number;
  /** 0 to 1, of ends since intake reopened; judged only where it is also worse than the former release's own. */
  maxFailureRate: number;
  /** Workers that died of their runs. More is too many; so with `maxParked`. */
  maxCrashes: number;
  maxParked: number;
}

/** What the watch decided on. */
export interface Watched {
  /** What was counted for the new release before this window, to be left out. */
  baseline: RunRecord;
  /** Of the new release since then. */
  new: RunRecord;
  /** Of the former release, as long as it ran. */
  old: RunRecord;
}

/** Why a window waits for a person, and what that person may choose. */
export interface Held {
  since: string;
  /** Where it stands. */
  phase: Phase;
  reason: string;
  /** The hook that it is about. */
  task: string | null;
  /** Each with what it will do. */
  choices: { choice: Choice; does: string }[];
  /** Past it, with no server alive, intake opens by itself; a living server moves it on. */
  until: string;
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
  strategy: Strategy;
  /** With `rolling`: hosts at once, and the time between two batches. */
  rolling: { batch: number; pauseMs: number } | null;
  /** With `canary`: the shares of new runs, 0 to 1, that the new release gets one after another, and how long each is watched at least. */
  canary: { steps: number[]; stepMs: number } | null;
  hooks: Hook[];
  probes: Probe[];
  watch: Watch | null;
  /** Every hook and probe, in the order in which they are done within their time. */
  tasks: Task[];
  /** How long before its start runs that would still run then wait. */
  announceMs: number;
  /** Another person than `createdBy` has to agree before it begins. */
  requiresApproval: boolean;
  approvedBy: string | null;
  /** Who declared the recurring window of which this is one; `null`: it is none of these. */
  scheduledBy: string | null;
  drainTimeoutMs: number;
  onDrainTimeout: 'abort' | 'force';
  maxDurationMs: number;
  /** When draining must be over; set on entering `draining`, moved by `extend`, and once more when force is used. */
  drainDeadline: string | null;
  /** When the window must be over, set on entering `preparing`: its holds last until then. */
  endsBy: string | null;
  /** The deadline passed and `onDrainTimeout` is `force`. */
  forced: boolean;
  /** While draining: when the slow runs will have come in, as far as is known; the others compute on until shortly before. `null`: all are asked at once. */
  arriveAt: string | null;
  /** Since when its hold stands; `null`: intake is open. `closedMs`: how long it was held before, ms. */
  closedAt: string | null;
  closedMs: number;
  /** The release that hosts are told to run, but for those that go ahead (`moved`); before the window begins it has no say. */
  running: string | null;
  /** When the hosts were told to go over to the other release; `null` before. */
  routedAt: string | null;
  /** IDs of the hosts that were told to run the new release already (rolling), and since when the last of them. */
  moved: string[];
  movedAt: string | null;
  /** Share of new runs that starts on the new release now (canary), and since when. */
  share: number;
  sharedAt: string | null;
  /** The window goes back to the former release. `hadMoved`: some host, or some run, was on the new one. */
  rollback: { because: string; at: string; from: Phase; hadMoved: boolean } | null;
  watched: Watched | null;
  held: Held | null;
  proofRound: number;
  request: Request | null;
  /** All that persons asked of it, the oldest first; of more than 50 the last. */
  askings: Asking[];
  phases: PhaseEntry[];
  /** `finished`: ended while it drained, in whatever way. `interrupted`: held by a host that died or fell silent, or lost by one; they go on elsewhere from their last checkpoint. */
  runs: { inFlight: number; yielded: number; finished: number; forced: number; interrupted?: number };
  blockers: Blocker[];
  /** Why it was refused: at most 100. */
  refusals: Refusal[];
  /** One sentence on how it ended, for people. */
  summary: string | null;
  hosts: WindowHost[];
}

export interface WindowHost {
  id: string;
  release: string | null;
  /** What it is at, in a word. */
  phase: string;
}

/** It has said nothing for some seconds, and is not known to be gone. */
export const SILENT = 'silent';
/** Hosts that are not there any more: of one it was seen that it fell silent, of the other not how it went. */
export const FELL_SILENT = 'fell-silent';
export const GONE = 'gone';
export const isThere = ({ phase }: WindowHost): boolean => phase !== FELL_SILENT && phase !== GONE;

/** The account of a finished window. All `…Ms` in milliseconds. */
export interface Report {
  window: string;
  app: string;
  strategy: Strategy;
  outcome: Outcome;
  summary: string | null;
  reason: string;
  /** Who declared it, and what persons asked of it since; absent in the report of an earlier Slackwater. */
  createdBy?: string;
  askings?: Asking[];
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
    /** Held by a host that died or fell silent, or lost by one: they go on elsewhere from their last checkpoint. Absent in the report of an earlier Slackwater. */
    interrupted?: number;
    /** Of those in flight, the ones that went on. */
    resumed: number;
    /** Where it turned round: those that went on in the former release. */
    returned: number;
    /** Failed while the window watched, attempts that are tried again included. */
    failed: number;
    parked: number;
  };
  /** The first few that failed on the new release, or were parked; absent in the report of an earlier Slackwater. */
  failures?: FailedRun[];
  /** `broughtDown`: runs whose state was brought down to a version that the release reads. */
  work: { lostMs: number; repeatedCheckpoints: number; broughtDown?: number };
  /** `setBack`: what was found before it began of states that cannot be brought down to the release. */
  proof: { checkpoints: number; ms: number; oneWay: string[]; setBack?: SetBack[] };
  intake: { accepted: number };
  /** Those of schedules that it held, with their fates as they are when it is read. */
  fires: Fire[];
  blockers: Blocker[];
  refusals: Refusal[];
  tasks: Task[];
  rollback: Window['rollback'];
  /** What the watch compared, and from how many ends on it judges; `null` where nothing was watched. */
  watch: (Watched & { failureRate: { new: number | null; old: number | null }; minRuns?: number }) | null;
}
