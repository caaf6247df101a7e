import type { ChanceReport, ToHost } from '../model/messages.js';
import type { ClaimedRun, Settlement } from '../queue/consumer.js';
import { Carrier, type CarrierOptions } from './carrier.js';
import type { HeldRun } from './held-run.js';
import { HeldRuns } from './held-runs.js';
import type { Pool, RunSlot } from './pool.js';
import { RunEnds, type RunEndsOptions } from './run-ends.js';
import type { RunEvents } from './run-events.js';
import { RunStarts, type RunStartsOptions } from './run-starts.js';
import { RunStops, type RunStopsOptions } from './run-stops.js';
import { RunWrites, type RunWritesOptions } from './run-writes.js';
import { Seats, type SeatsOptions } from './seats.js';
import type { Workflows } from './workflows.js';

type Made =
  | 'held'
  | 'writes'
  | 'ends'
  | 'stops'
  | 'lose'
  | 'dispatch'
  | 'takeFence'
  | 'onFenced'
  | 'carrier'
  | 'onResult'
  | 'onSettled'
  | 'seats';
export type RunControlOptions = Omit<
  RunStartsOptions & RunEndsOptions & RunStopsOptions & RunWritesOptions & CarrierOptions & SeatsOptions,
  Made
> & { workflows: Workflows };

/**
 * The life of every run that this host holds for one app: from the claim through starts, yields, crashes and handovers to its settlement. A claim stays
 * through all of them; only the pool that computes changes.
 */
export class RunControl {
  readonly held = new HeldRuns();
  readonly #writes: RunWrites;
  readonly #ends: RunEnds;
  readonly #stops: RunStops;
  readonly #starts: RunStarts;
  readonly #seats: Seats;
  readonly #events: RunEvents;
  #dispatching = false;

  constructor(private readonly options: RunControlOptions) {
    const { held } = this;
    const lose = (run: HeldRun) => this.#stops.lose(run);
    const dispatch = () => this.#dispatchSoon();
    this.#events = options.events;
    this.#writes = new RunWrites({ ...options, onFenced: lose });
    this.#ends = new RunEnds({
      ...options,
      held,
      lose,
      dispatch,
      onResult: (part, result) => options.workflows.foresee(part, result),
      onSettled: (part, released) => options.workflows.move(part, released),
    });
    const takeFence = (run: HeldRun) => this.#starts.takeFence(run, this.pool?.release ?? '');
    this.#stops = new RunStops({ ...options, held, ends: this.#ends, writes: this.#writes, takeFence });
    this.#seats = new Seats({ ...options, held, lose });
    this.#starts = new RunStarts({
      ...options,
      seats: this.#seats,
      held,
      ends: this.#ends,
      stops: this.#stops,
      writes: this.#writes,
      carrier: new Carrier({ ...options, held, ends: this.#ends, writes: this.#writes }),
    });
  }

  get app(): string {
    return this.options.app;
  }

  get pool(): Pool | null {
    return this.#starts.pool;
  }

  /** The workers that compute from now on. */
  set pool(pool: Pool | null) {
    this.#starts.pool = pool;
  }

  get open(): boolean {
    return this.#starts.open;
  }

  /** Whether runs may start. */
  set open(open: boolean) {
    this.#starts.open = open;
  }

  get resuming(): number {
    return this.#starts.resuming;
  }

  /** Runs that compute in the workers of the release that runs, or whose yield or end is being recorded. */
  get running(): number {
    return (this.pool?.running ?? 0) + this.held.ending;
  }

  dispatch(): void {
    this.#starts.dispatch();
  }

  /** Thousands of runs stop in a few turns of the loop: one look in each turn at what waits, not one for every run that joins it. */
  #dispatchSoon(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    setImmediate(() => {
      this.#dispatching = false;
      this.dispatch();
    });
  }

  /** Takes a claim. Resolves when it is settled. */
  async claimed(claimed: ClaimedRun): Promise<Settlement> {
    const before = this.held.find(claimed.queue, claimed.jobId);
    if (before) this.#stops.lose(before);
    await this.held.endEarlierStart(claimed.queue, claimed.jobId);
    const run = this.held.add(claimed);
    if (this.options.leaving()) this.#stops.giveBackWaiting();
    this.dispatch();
    const settlement = await run.settled;
    this.held.remove(run);
    this.#events.settled(run);
    return settlement;
  }

  /** The queue has recorded what became of a claim: it ended, or waits for its next attempt. */
  left(claimed: ClaimedRun, ended: boolean): Promise<void> {
    return this.#seats.left(claimed, this.pool?.jobs.get(claimed.job), ended);
  }

  /** A message of a worker about one of its runs. */
  receive(slot: RunSlot, message: ToHost): void {
    const run = 'claim' in message ? slot.runs.get(message.claim) : undefined;
    if (!run) return;
    if ('chances' in message && message.chances) this.#hear(run, message.chances);
    switch (message.t) {
      case 'started':
        this.#events.started(run);
        this.held.stopped.delete(run);
        run.yieldedAt = null;
        return this.#events.changed();
      case 'advanced':
        return this.#events.advanced(run);
      case 'end':
        this.#events.progress(run);
        this.#stops.vacate(run, slot);
        return void this.#ends.ended(run, message.end);
      default: {
        const written = this.#writes.write(run, slot, message);
        if (message.t !== 'save' && message.t !== 'step') return;
        this.#events.progress(run);
        // It may be no suspect any more: the next one may run alone.
        if (slot.isolated) void written.then(() => this.dispatch());
      }
    }
  }

  #hear(run: HeldRun, chances: ChanceReport): void {
    run.stride.hear(chances, this.options.now());
    if (run.definition) this.options.pace.passed(run.job, chances);
  }

  /** The queue has put a run aside that stands for a workflow run. */
  putAside(run: { queue: string; jobId: string }): void {
    this.options.workflows.move(run);
  }

  /** A worker is gone. */
  exited(slot: RunSlot, release: string, cause: string, expired: boolean): void {
    this.#stops.exited(slot, release, cause, expired);
    this.dispatch();
  }

  /** Stops what has not yielded in these workers: it goes on from its last save. */
  force(pool: Pool | null): void {
    for (const slot of pool?.slots ?? [])
      for (const run of slot.runs.values()) this.#stops.stop(run, 'forced');
  }

  cancel(queue: string, jobId: string): void {
    this.#stops.cancel(queue, jobId);
  }

  giveBackWaiting(): void {
    this.#stops.giveBackWaiting();
  }

  /** These claims lost their lock. */
  loseAll(queue: string, jobIds: string[]): void {
    for (const jobId of jobIds) {
      const run = this.held.find(queue, jobId);
      if (run) this.#stops.lose(run);
    }
  }
}
