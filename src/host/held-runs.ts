import type { ClaimedRun, Settlement } from '../queue/consumer.js';
import { HeldRun, heldKey } from './held-run.js';
import type { RunSlot } from './pool.js';

/** How a run ended, until the queue has recorded it. */
export interface Ending {
  run: string;
  job: string;
  state: 'completed' | 'failed' | 'cancelled' | 'parked';
  /** It stood for a workflow run. */
  workflow: boolean;
}

/** The runs that this host holds for one app, and where each of them stands. */
export class HeldRuns {
  readonly #byKey = new Map<string, HeldRun>();
  /** Held without computing, in order of arrival. */
  readonly waiting = new Set<HeldRun>();
  /** Stopped between two starts, by a yield or a crash, and not yet seen to go on. */
  readonly stopped = new Set<HeldRun>();
  /** Runs that left their worker and whose yield or end is being recorded. */
  ending = 0;
  readonly #endings = new Map<string, Ending>();
  /** Where lost runs may still compute, until they have stopped. */
  readonly #earlierStarts = new Map<string, RunSlot>();

  find(queue: string, jobId: string): HeldRun | undefined {
    return this.#byKey.get(heldKey(queue, jobId));
  }

  values(): Iterable<HeldRun> {
    return this.#byKey.values();
  }

  add(claimed: ClaimedRun): HeldRun {
    const run = new HeldRun(claimed);
    this.#byKey.set(run.key, run);
    this.waiting.add(run);
    return run;
  }

  remove(run: HeldRun): void {
    if (this.#byKey.get(run.key) === run) this.#byKey.delete(run.key);
    this.waiting.delete(run);
    this.stopped.delete(run);
    run.cancelTimeout();
  }

  /** It stopped, and waits to go on. */
  rest(run: HeldRun): void {
    run.state = 'waiting';
    this.stopped.add(run);
    this.waiting.add(run);
  }

  settle(run: HeldRun, settlement: Settlement): void {
    run.state = 'ending';
    this.waiting.delete(run);
    run.settle(settlement);
  }

  /** Settles a run for good, and remembers how until the queue has it. */
  end(run: HeldRun, state: Ending['state'], settlement: Settlement): void {
    this.#endings.set(run.key, {
      run: run.claimed.runId,
      job: run.job,
      state,
      workflow: run.stands === true,
    });
    this.settle(run, settlement);
  }

  takeEnding(queue: string, jobId: string): Ending | undefined {
    const key = heldKey(queue, jobId);
    const ending = this.#endings.get(key);
    this.#endings.delete(key);
    return ending;
  }

  /** Counts as ending until `work` is done. */
  async recording<T>(work: Promise<T>): Promise<T> {
    this.ending++;
    try {
      return await work;
    } finally {
      this.ending--;
    }
  }

  mayCompute(run: HeldRun, slot: RunSlot): void {
    this.#earlierStarts.set(run.key, slot);
  }

  stoppedComputing(run: HeldRun): void {
    if (run.lost) this.#earlierStarts.delete(run.key);
  }

  /** A lock ended and the queue gave us our own run again: its old start must be gone before the new one computes. */
  async endEarlierStart(queue: string, jobId: string): Promise<void> {
    const slot = this.#earlierStarts.get(heldKey(queue, jobId));
    if (!slot) return;
    slot.kill();
    await slot.process.exited;
  }
}
