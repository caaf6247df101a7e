export const BACKFILL_STATES = ['running', 'cancelling', 'completed', 'cancelled'] as const;
/** `cancelling`: a person wants no more of it, and runs that it has started are still on. */
export type BackfillState = (typeof BACKFILL_STATES)[number];

/** How far a backfill is, in fires. */
export interface BackfillProgress {
  /** All that the schedule has in this time, but for days left out. */
  total: number;
  /** Of these, not run by this one: they had run before. */
  alreadyRan: number;
  /** Of these, not run by this one: they were held, and the schedule decides itself what becomes of them. */
  held: number;
  /** Not begun yet; after a cancel those that never will. */
  left: number;
  /** Begun, not ended. */
  running: number;
  completed: number;
  failed: number;
  parked: number;
  cancelled: number;
  /** Ended so long ago that nothing is kept of it, or removed by somebody. */
  gone: number;
}

/** The past fires of a schedule, run now, at most `concurrency` at once. */
export interface Backfill {
  id: string;
  app: string;
  schedule: string;
  /** Of the first and the last fire at the most, ISO 8601. */
  from: string;
  to: string;
  concurrency: number;
  /** The newest first. */
  reverse: boolean;
  /** Also what has run before. */
  again: boolean;
  state: BackfillState;
  /** Why none starts now; `null`: some do, or it is over. */
  waitsFor: string | null;
  progress: BackfillProgress;
  createdBy: string;
  createdAt: string;
  cancelledBy: string | null;
  endedAt: string | null;
}

/** As it is kept. */
export interface BackfillRecord extends Backfill {
  /** The runs that it has started and that had not ended when it was looked at last. */
  flying: { queue: string; id: string }[];
}

/** The most fires of one backfill, and the most of its runs at once. */
export const MOST_BACKFILLED = 10_000;
export const MOST_AT_ONCE = 100;
