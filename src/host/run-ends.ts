import type { Envelope, RunEnd } from '../model/run.js';
import { largeResult, type PartOf } from '../model/workflow.js';
import type { Settlement } from '../queue/consumer.js';
import type { Store } from '../store/redis.js';
import { FencedError, failRun, markStopped, type Started } from '../store/runs.js';
import { saveRun } from '../store/saves.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import { type Released, type Settled, settleStep } from '../store/workflows/settle.js';
import { backoffMs } from './backoff.js';
import type { EndCounts } from './end-counts.js';
import type { HeldRun } from './held-run.js';
import type { Ending, HeldRuns } from './held-runs.js';
import type { Pace } from './pace.js';
import type { Patience } from './patience.js';
import type { RunEvents } from './run-events.js';
import type { ToldRuns } from './told-runs.js';

export interface RunEndsOptions {
  app: string;
  store: Store;
  held: HeldRuns;
  pace: Pace;
  patience: Patience;
  trouble: TroubleWatch;
  told: ToldRuns;
  /** ms, clock of Redis. */
  now(): number;
  /** The host is leaving: what stops is given back. */
  leaving(): boolean;
  events: RunEvents;
  counts: EndCounts;
  /** Of a run that is part of a workflow: its result, as JSON. */
  resultLimit: number;
  /** A run that is part of a workflow has come to this, and that is now recorded. */
  onResult(part: PartOf, result: unknown): void;
  /** A workflow run may go on. `released`: with this, and nothing else. */
  onSettled(part: PartOf, released: Released | null): void;
  /** The claim is another's. */
  lose(run: HeldRun): void;
  /** There may be room, or something to start. */
  dispatch(): void;
}

/** How one start of a run comes to its end: each end is recorded in the store first, then told to the queue. */
export class RunEnds {
  constructor(private readonly options: RunEndsOptions) {}

  /** The worker says how a start ended; the run is out of it. */
  async ended(run: HeldRun, end: RunEnd): Promise<void> {
    if (run.lost) return;
    const forced = run.abort === 'forced';
    // A forced run that did not finish goes on from its last save, whatever the interruption made of it.
    if (forced && (end.kind === 'failed' || end.kind === 'cancelled')) return this.interrupted(run);
    run.abort = null;
    if (end.kind === 'yielded') return this.#yielded(run, end.checkpoint);
    // Only a run that did all of it in one start tells how long it takes.
    if (end.kind === 'completed' && run.whole && run.definition)
      this.options.pace.ended(run.job, this.options.now() - run.startedAt);
    await this.end(run, end);
  }

  async #yielded(run: HeldRun, checkpoint: Envelope | null): Promise<void> {
    const { store, events } = this.options;
    run.yieldedAt = this.options.now();
    run.state = 'ending';
    run.checkpoint = checkpoint;
    events.leftState(run);
    try {
      const saved = await this.#record(run, () => saveRun(store, run.right, checkpoint, 'yield'));
      run.fence = saved.fence;
      run.savedAt = saved.savedAt;
      if (saved.advanced) run.forgiven();
    } catch (error) {
      return this.refused(run, error);
    }
    if (run.lost) return;
    this.#rest(run);
    events.yielded(run);
    this.options.dispatch();
  }

  /** It stopped without a yield: back to waiting, with the last saved state. */
  interrupted(run: HeldRun): void {
    const now = this.options.now();
    this.options.events.interrupted(
      run,
      Math.max(0, now - Math.max(run.startedAt, run.savedAt ?? 0)),
      run.saving,
    );
    run.abort = null;
    run.saving = 0;
    run.checkpoint = undefined;
    run.steps = undefined;
    run.yieldedAt = now;
    this.#rest(run);
    if (run.state === 'waiting') this.#showStopped(run);
    this.options.dispatch();
  }

  /** It may wait long: for the gate, or to run alone. Nobody waits for this. */
  #showStopped(run: HeldRun): void {
    const { store, patience, trouble } = this.options;
    const { right } = run;
    const marking = patience.until(
      () => markStopped(store, right),
      () => run.state === 'waiting' && !run.lost,
    );
    marking.catch(error =>
      trouble.failed(error, 'that a run has stopped could not be stored: it is shown as running', {
        run: run.claimed.runId,
      }),
    );
  }

  #rest(run: HeldRun): void {
    const { held } = this.options;
    if (this.options.leaving()) held.settle(run, { kind: 'give-back' });
    else held.rest(run);
  }

  /** Records an end in the store, then lets the queue know. */
  async end(run: HeldRun, ended: Exclude<RunEnd, { kind: 'yielded' }>): Promise<void> {
    const { events } = this.options;
    const end = this.#withinLimit(run, ended);
    run.state = 'ending';
    events.ended(run, end);
    // Of a workflow run its steps were counted.
    if (run.claimed.taskRelease === null && !run.stands) this.options.counts.ended(run.release, end.kind);
    try {
      if (end.kind === 'completed') await this.#complete(run, end.result);
      else await (end.kind === 'failed' ? this.#fail(run, end) : this.#setAside(run, end));
    } catch (error) {
      return this.refused(run, error);
    }
    this.options.dispatch();
  }

  /** What steps are told of each other goes through Redis and every host: it has to be small. */
  #withinLimit(
    run: HeldRun,
    end: Exclude<RunEnd, { kind: 'yielded' }>,
  ): Exclude<RunEnd, { kind: 'yielded' }> {
    const { resultLimit } = this.options;
    if (end.kind !== 'completed' || !run.claimed.part) return end;
    const bytes = Buffer.byteLength(JSON.stringify(end.result ?? null));
    if (bytes <= resultLimit) return end;
    const message = largeResult(bytes, resultLimit);
    return { kind: 'failed', retry: false, error: { name: 'ResultTooLarge', message, stack: message } };
  }

  /** Its workflow was told before its host died: only the queue has yet to hear of it. */
  async endSettled(run: HeldRun, settled: Extract<Started, { kind: 'settled' }>): Promise<void> {
    const { end, result } = settled;
    if (end === 'cancelled') return this.end(run, { kind: 'cancelled' });
    if (end === 'completed') return this.#endAs(run, 'completed', { kind: 'completed', result });
    const error = settled.error ?? { name: 'Error', message: 'failed', stack: '' };
    return this.#endAs(run, 'failed', { kind: 'ended', error });
  }

  #endAs(run: HeldRun, state: Ending['state'], settlement: Settlement): void {
    this.options.held.end(run, state, settlement);
    this.options.dispatch();
  }

  async #complete(run: HeldRun, result: unknown): Promise<void> {
    await this.#settlePart(run, { kind: 'done', result });
    this.options.held.end(run, 'completed', { kind: 'completed', result });
  }

  /** A workflow hears of the end of its run before the queue does: what comes after it must not be lost with this host. */
  async #settlePart(run: HeldRun, how: Settled): Promise<void> {
    const { part } = run.claimed;
    if (!part) return;
    const { store, app, onResult, onSettled } = this.options;
    const settling = this.#record(run, () => settleStep(store, app, run.right, part, how));
    if (how.kind === 'done') onResult(part, how.result);
    const answer = await settling;
    if (answer.kind === 'settled') onSettled(part, answer.released);
  }

  async #fail(run: HeldRun, { error, retry }: Extract<RunEnd, { kind: 'failed' }>): Promise<void> {
    const { store, held, events, told } = this.options;
    const job = run.definition;
    const attempts = retry ? (run.claimed.attempts ?? job?.attempts ?? 1) : 0;
    const failed = await this.#record(run, () =>
      failRun(store, run.right, { kind: 'failed', attempts, error }),
    );
    if (failed.kind === 'ended') {
      told.failed(run, error, null);
      await this.#settlePart(run, { kind: 'failed', run: run.claimed.runId, error });
      return held.end(run, 'failed', { kind: 'ended', error });
    }
    events.leftState(run);
    const delayMs = backoffMs(run.claimed.backoff ?? job?.backoff, failed.failures);
    told.failed(run, error, delayMs);
    held.settle(run, { kind: 'retry', delayMs });
  }

  async #setAside(run: HeldRun, end: Extract<RunEnd, { kind: 'parked' | 'cancelled' }>): Promise<void> {
    const { parked, lacks } = end.kind === 'parked' ? end : {};
    const { store } = this.options;
    await this.#record(run, () => failRun(store, run.right, { kind: end.kind, attempts: 0, parked, lacks }));
    if (parked) {
      this.options.events.leftState(run);
      this.options.told.parked(run, parked.reason);
    }
    const message = parked?.reason ?? 'cancelled';
    const error = { name: end.kind, message, stack: message };
    // A parked run has not ended: its workflow waits for a person, too.
    if (!parked) await this.#settlePart(run, { kind: 'cancelled', run: run.claimed.runId, error });
    this.options.held.end(run, end.kind, { kind: 'ended', error, keep: parked !== undefined });
  }

  /** Until it is recorded, or the run is another's: what a run leaves is all that there is of its work. */
  #record<Answer>(run: HeldRun, write: () => Promise<Answer>): Promise<Answer> {
    const { held, patience } = this.options;
    return held.recording(patience.until(write, () => !run.lost));
  }

  /** The store refused a write, or could not be asked. Either way this claim can do no more. */
  refused(run: HeldRun, error: unknown): void {
    if (error instanceof FencedError) return this.options.lose(run);
    const why = 'the end of a run could not be recorded; it will start again';
    this.options.trouble.failed(error, why, { run: run.claimed.runId });
    this.options.held.settle(run, { kind: 'give-back' });
  }
}
