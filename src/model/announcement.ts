import { SLOW_MS } from './intent.js';

/** A window that has been announced and does not stop runs yet. Times in ms since the epoch. */
export interface Announcement {
  window: string;
  reason: string;
  /** When it stops runs. */
  from: number;
  /** When it will be over at the latest. */
  to: number;
}

/** What is known of how a job would stop, ms; `null`: nothing. */
export interface JobPace {
  /** It has a checkpoint schema. */
  hasCheckpoint: boolean;
  /** Usual time between two chances to yield. */
  gapMs: number | null;
  /** Usual time from start to end. */
  endMs: number | null;
}

/**
 * Whether a run that started now would be in the way `leftMs` later: it would still run by then, and it cannot stop half-way, or not within that time. A job of which
 * no run has ended yet may start: only by that does anybody learn how long it takes, and its `timeout` says what it may take, not what it does.
 */
export function isInTheWay({ hasCheckpoint, gapMs, endMs }: JobPace, leftMs: number): boolean {
  const enough = Math.max(leftMs, SLOW_MS);
  if (endMs === null || endMs <= enough) return false;
  return gapMs === null ? !hasCheckpoint : gapMs > enough;
}
