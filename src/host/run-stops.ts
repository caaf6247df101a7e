import type { AbortReason } from '../model/run.js';
import type { Clock } from '../platform/clock.js';
import type { Logger } from '../platform/logger.js';
import type { EndCounts } from './end-counts.js';
import type { HeldRun } from './held-run.js';
import type { HeldRuns } from './held-runs.js';
import type { RunSlot } from './pool.js';
import type { RunEnds } from './run-ends.js';
import type { RunEvents } from './run-events.js';
import type { RunWrites } from './run-writes.js';
import type { ToldRuns } from './told-runs.js';

export interface RunStopsOptions {
  held: HeldRuns;
  ends: RunEnds;
  writes: RunWrites;
  clock: Clock;
  log: Logger;
  told: ToldRuns;
  now(): number;
  killAfterMs: number;
  events: RunEvents;
  counts: EndCounts;
  /** Finds the mark of a cancellation in the store, and ends the run. */
  takeFence(run: HeldRun): Promise<unknown>;
}

/** How a run is stopped that does not stop by itself: told to, killed with its worker, or lost to another claim. */
export class RunStops {
  constructor(private readonly options: RunStopsOptions) {}

  /** Tells a run to stop at once. If it is deaf, its worker is killed after the grace; its neighbours go on from their last saves. */
  stop(run: HeldRun, reason: AbortReason): void {
    const { slot, claim } = run;
    if (!slot || run.abort) return;
    run.abort = reason;
    if (reason === 'forced')
      this.options.writes.note(run, 'told to stop at once: the drain deadline of a window has passed');
    slot.send({ t: 'abort', claim, reason });
    const kill = () => {
      if (slot.runs.get(claim) !== run) return;
      this.options.told.deaf(run);
      slot.kill();
    };
    run.cancelKill = this.options.clock.after(this.options.killAfterMs, kill);
  }

  /** Somebody cancelled a run that may be held here. */
  cancel(queue: string, jobId: string): void {
    const { held, ends } = this.options;
    const run = held.find(queue, jobId);
    if (!run) return;
    run.cancelled = true;
    if (run.slot) return this.stop(run, 'cancelled');
    // One that is just starting looks at the mark once more when it enters.
    if (run.state !== 'waiting' || !held.waiting.delete(run)) return;
    if (run.fence > 0) void ends.end(run, { kind: 'cancelled' });
    else this.options.takeFence(run).catch(error => ends.refused(run, error));
  }

  giveBackWaiting(): void {
    const { held } = this.options;
    for (const run of [...held.waiting]) held.settle(run, { kind: 'give-back' });
  }

  /** The claim is another's now: nothing of it may be written here, and what computes must stop. */
  lose(run: HeldRun): void {
    if (run.lost) return;
    if (run.slot) {
      this.options.held.mayCompute(run, run.slot);
      this.stop(run, 'fenced');
    }
    run.lost = true;
    this.options.held.settle(run, { kind: 'lost' });
  }

  /** Out of its worker. */
  vacate(run: HeldRun, slot: RunSlot): void {
    run.cancelKill();
    this.options.held.stoppedComputing(run);
    slot.runs.delete(run.claim);
    slot.release(run.job);
    run.slot = null;
    run.claim = 0;
    if (slot.runs.size === 0) slot.vacated();
    this.options.events.left(run);
  }

  /**
   * The worker is gone. Its runs go on from their last save, elsewhere and at once.
   * @param expired its watchdog may have ended it: that is no fault of any run.
   */
  exited(slot: RunSlot, release: string, cause: string, expired: boolean): void {
    const { ends, writes, counts } = this.options;
    if (slot.ready && !slot.condemned) {
      if (!expired) counts.crashed(release);
      this.#tellEnd(slot, release, expired ? 'was ended before the locks of its runs were' : cause);
    }
    for (const run of [...slot.runs.values()]) {
      this.vacate(run, slot);
      if (run.lost) continue;
      if (run.abort === 'timeout')
        void ends.end(run, { kind: 'failed', retry: true, error: deafAtTimeout() });
      else if (run.abort === 'cancelled') void ends.end(run, { kind: 'cancelled' });
      else {
        run.crashed = !slot.condemned && !expired;
        run.crashCause = cause;
        writes.note(run, `the worker ${cause}; the run goes on from what it saved last, or begins anew`);
        ends.interrupted(run);
      }
    }
  }

  #tellEnd({ runs }: RunSlot, release: string, how: string): void {
    const goOn =
      runs.size === 0
        ? 'it had no runs'
        : `its ${runs.size === 1 ? 'run goes' : `${runs.size} runs go`} on from the last save`;
    this.options.log.warn({ release }, `a worker of release ${release} ${how}; ${goOn}`);
  }
}

function deafAtTimeout() {
  const message =
    'timed out, and did not stop within the grace after its signal was aborted: its worker was killed';
  return { name: 'TimeoutError', message, stack: message };
}
