import type { RunRecord } from './intent.js';
import type { Watch, Window } from './window.js';

type Defaulted =
  | 'strategy'
  | 'rolling'
  | 'canary'
  | 'hooks'
  | 'probes'
  | 'watch'
  | 'tasks'
  | 'announceMs'
  | 'requiresApproval'
  | 'approvedBy'
  | 'scheduledBy'
  | 'drainDeadline'
  | 'endsBy'
  | 'forced'
  | 'arriveAt'
  | 'closedAt'
  | 'closedMs'
  | 'running'
  | 'routedAt'
  | 'moved'
  | 'movedAt'
  | 'share'
  | 'sharedAt'
  | 'rollback'
  | 'watched'
  | 'held'
  | 'askings';

/**
 * What a window has of whatever nobody asked for. A window that an earlier version of Slackwater has stored is read with these too.
 */
export const WINDOW_DEFAULTS: Pick<Window, Defaulted> = {
  strategy: 'window',
  rolling: null,
  canary: null,
  hooks: [],
  probes: [],
  watch: null,
  tasks: [],
  announceMs: 0,
  requiresApproval: false,
  approvedBy: null,
  scheduledBy: null,
  drainDeadline: null,
  endsBy: null,
  forced: false,
  arriveAt: null,
  closedAt: null,
  closedMs: 0,
  running: null,
  routedAt: null,
  moved: [],
  movedAt: null,
  share: 0,
  sharedAt: null,
  rollback: null,
  watched: null,
  held: null,
  askings: [],
};

/** What a strategy does where only its name was given. */
export const ROLLING: NonNullable<Window['rolling']> = { batch: 1, pauseMs: 0 };
export const CANARY: NonNullable<Window['canary']> = { steps: [0.01, 0.1, 0.5], stepMs: 60_000 };

/** How a new release is watched where only that was asked for. */
export const WATCH: Watch = {
  durationMs: 300_000,
  minRuns: 20,
  maxFailureRate: 0.2,
  maxCrashes: 3,
  maxParked: 0,
};

/** A window as an earlier version of Slackwater may have stored it. */
export function readWindow(stored: Partial<Window> & Omit<Window, Defaulted>): Window {
  const { phase, release, previousRelease } = stored;
  const running = phase === 'swapping' || phase === 'resuming' ? release : previousRelease;
  return { ...WINDOW_DEFAULTS, running, ...stored };
}

export const NO_RECORD: RunRecord = { completed: 0, failed: 0, crashes: 0, parked: 0 };

/** Of which nothing more will come. A window that waits for a person is done and yet not over. */
export const isOver = (window: Window): boolean => window.phase === 'done' && window.held === null;
