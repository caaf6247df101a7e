import { SLOW_MS } from '../model/intent.js';
import type { ToWorker } from '../model/messages.js';
import type { Clock } from '../platform/clock.js';
import { estimateOf, isSlow, quickOf } from './estimate.js';
import type { HeldRun } from './held-run.js';
import type { HeldRuns } from './held-runs.js';
import type { Pace } from './pace.js';
import type { RunSlot } from './pool.js';

export interface AsksOptions {
  held: HeldRuns;
  pace: Pace;
  clock: Clock;
  /** ms, clock of Redis. */
  now(): number;
}

/** How often the runs are looked at while they come in, ms. */
const LOOK_EVERY_MS = 50;
/** A look that comes so much later than it should, ms, finds runs silent whom this host itself has not heard: it looks again when it has. */
const LATE_MS = 250;
/** What a question and its answer take on a machine that has much to do, ms. */
const MARGIN_MS = 50;

/**
 * Come in together: each run is asked to yield so early that it has by the time at which the slowest will have come in. Slow runs go first, at once if they need all the
 * time there is or nobody knows how long they need; the others compute on. An estimate that was wrong costs time: the engine closes the gate anyway, and asks all.
 */
export class Asks {
  #arriveAt: number | null = null;
  /** The runs that were slow when this began: who falls silent later is asked, but the others wait for no more than these. */
  #slow: HeldRun[] = [];
  #cancelLook: () => void = () => {};

  constructor(private readonly options: AsksOptions) {}

  /**
   * @param arriveAt ms since the epoch; `null`: no run is asked apart from the others.
   * @param all they are all asked now; otherwise those who were asked may go on.
   */
  follow(arriveAt: number | null, all: boolean): void {
    const before = this.#arriveAt;
    this.#arriveAt = arriveAt;
    if (arriveAt !== null) {
      if (before === null) this.#slow = this.#slowOnes();
      return this.#look();
    }
    if (before === null) return;
    this.#cancelLook();
    this.#slow = [];
    const asked = this.#running().filter(run => run.asked);
    if (!all) this.#tell(asked, false);
    for (const run of asked) run.asked = false;
  }

  stop(): void {
    this.#cancelLook();
  }

  /** Slow runs that still compute; 0 where they are not waited for. */
  get comingIn(): number {
    return this.#slow.filter(run => run.slot !== null).length;
  }

  /** While runs come in, one may only start that ends or can stop before. What has stopped already waits. */
  mayStart(run: HeldRun): boolean {
    if (this.#arriveAt === null) return true;
    const { held, pace, now } = this.options;
    if (held.stopped.has(run)) return false;
    const left = this.#arriveAt - now() - MARGIN_MS;
    const [gap, end] = [pace.usualGap(run.job), pace.usualEnd(run.job, 0)];
    return (end !== null && end <= left) || (gap !== null && gap <= Math.min(SLOW_MS, left));
  }

  #look(): void {
    this.#cancelLook();
    const { pace, now } = this.options;
    const at = now();
    const left = this.#arriveAt! - at;
    const due = this.#running().filter(run => {
      const { leftMs, withinMs } = estimateOf(run, pace, at);
      return !run.asked && (leftMs === null || withinMs! + MARGIN_MS >= left);
    });
    for (const run of due) run.asked = true;
    this.#tell(due, true);
    this.#lookAgain();
  }

  #slowOnes(): HeldRun[] {
    const { pace, now } = this.options;
    const [at, running] = [now(), this.#running()];
    const quickMs = quickOf(running, pace, at);
    return running.filter(run => isSlow(estimateOf(run, pace, at), quickMs));
  }

  #lookAgain(): void {
    const { clock } = this.options;
    const due = clock.monotonic() + LOOK_EVERY_MS;
    this.#cancelLook = clock.after(LOOK_EVERY_MS, () =>
      clock.monotonic() > due + LATE_MS ? this.#lookAgain() : this.#look(),
    );
  }

  #running(): HeldRun[] {
    return [...this.options.held.values()].filter(
      run => run.state === 'running' && run.slot !== null && !run.ahead,
    );
  }

  /** One message for each worker. */
  #tell(runs: HeldRun[], on: boolean): void {
    const claims = new Map<RunSlot, number[]>();
    for (const { slot, claim } of runs) {
      const list = claims.get(slot!);
      if (list) list.push(claim);
      else claims.set(slot!, [claim]);
    }
    for (const [slot, list] of claims) slot.send({ t: 'drain', on, claims: list } satisfies ToWorker);
  }
}
