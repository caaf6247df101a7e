import type { RunEnd } from '../model/run.js';
import type { HeldRun } from './held-run.js';

/** What a window wants to know of runs. */
export interface RunEvents {
  /** Its worker gave a sign of life. */
  progress(run: HeldRun): void;
  /** Handed to a worker. */
  entered(run: HeldRun): void;
  /** Out of its worker, whatever the reason. */
  left(run: HeldRun): void;
  /** It yielded, and its state is saved. */
  yielded(run: HeldRun): void;
  /** It is over for now and its state stays: it yielded, will be retried, or was parked. */
  leftState(run: HeldRun): void;
  /** Its state was brought down for older code. */
  broughtDown(run: HeldRun): void;
  /** There was no way down: it does again what it had saved since an earlier position, or since its beginning. */
  setBack(run: HeldRun, lost: { checkpoints: number; ms: number }): void;
  ended(run: HeldRun, end: RunEnd): void;
  /** Its claim is no longer this host's: it is over, given back, or lost. */
  settled(run: HeldRun): void;
  /** Stopped without a yield: `lostMs` since its last save, `lostSaves` on their way. */
  interrupted(run: HeldRun, lostMs: number, lostSaves: number): void;
  /** In the author's function. */
  started(run: HeldRun): void;
  /** First sign of work after a start. */
  advanced(run: HeldRun): void;
  /** Something changed that a report shows. */
  changed(): void;
}
