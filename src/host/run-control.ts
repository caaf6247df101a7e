import type { ToHost } from '../model/messages.js';
import type { JobManifest } from '../model/release.js';
import type { AbortReason, RunEnd } from '../model/run.js';
import type { Clock } from '../platform/clock.js';
import type { Logger } from '../platform/logger.js';
import type { ClaimedRun, Settlement } from '../queue/consumer.js';
import type { Store } from '../store/redis.js';
import { FencedError, failRun, saveRun, startRun } from '../store/runs.js';
import { backoffMs } from './backoff.js';
import { HeldRun, heldKey } from './held-run.js';
import type { Pace } from './pace.js';
import type { Pool, RunSlot } from './pool.js';
import { RunWrites } from './run-writes.js';

export interface RunControlOptions {
  app: string;
  host: string;
  store: Store;
  clock: Clock;
  /** ms, clock of Redis. */
  now(): number;
  deadline(): bigint;
  pace: Pace;
  crashLimit: number;
  lockMs: number;
  killAfterMs: number;
  logLines: number;
  log: Logger;
  enqueue: RunWrites['options']['enqueue'];
  /** The host is leaving: what yields is given back. */
  leaving(): boolean;
  events: RunEvents;
}

/** How a run ended, until the queue has recorded it. */
export interface Ending {
  run: string;
  job: string;
  state: 'completed' | 'failed' | 'cancelled' | 'parked';
}

/** What a window wants to know of runs. */
export interface RunEvents {
  progress(run: HeldRun): void;
  entered(run: HeldRun): void;
  left(run: HeldRun): void;
  yielded(run: HeldRun): void;
  ended(run: HeldRun, end: RunEnd['kind']): void;
  forced(run: HeldRun, lostMs: number, lostSaves: number): void;
  started(run: HeldRun): void;
  advanced(run: HeldRun): void;
  /** Something changed that a report shows. */
  changed(): void;
}

/**
 * The life of every run that this host holds for one app: from the claim through starts, yields, crashes and handovers to its settlement. It knows one
 * pool to start runs in; a swap gives it another. No run starts while `open` is false.
 */
export class RunControl {
  readonly held = new Map<string, HeldRun>();
  /** Held without computing, in order of arrival. */
  readonly waiting = new Set<HeldRun>();
  /** How runs ended that the queue has not recorded yet: what to keep of them. */
  readonly endings = new Map<string, Ending>();
  /** Stopped between two starts, by a yield or a crash, and not yet seen to go on. */
  readonly #stopped = new Set<HeldRun>();
  /** Runs that left their worker and whose yield or end is being recorded. */
  ending = 0;
  pool: Pool | null = null;
  open = false;
  #lastClaim = 0;
  /** Where lost runs may still compute, until they have stopped. */
  readonly #ghosts = new Map<string, RunSlot>();
  readonly #writes: RunWrites;

  constructor(private readonly options: RunControlOptions) {
    this.#writes = new RunWrites({
      store: options.store,
      log: options.log,
      logLines: options.logLines,
      now: options.now,
      pace: options.pace,
      enqueue: options.enqueue,
      onFenced: run => this.lose(run),
    });
  }

  /** Takes a claim. Resolves when it is settled. */
  async claimed(claimed: ClaimedRun): Promise<Settlement> {
    const key = heldKey(claimed.queue, claimed.jobId);
    const before = this.held.get(key);
    if (before) this.lose(before);
    const ghost = this.#ghosts.get(key);
    if (ghost) {
      // The lock ended and the queue gave us our own run again: the old start must be gone before the new one computes.
      ghost.kill();
      await ghost.process.exited;
    }
    const run = new HeldRun(claimed);
    this.held.set(key, run);
    this.waiting.add(run);
    if (this.options.leaving()) this.giveBackWaiting();
    this.dispatch();
    const settlement = await run.settled;
    if (this.held.get(key) === run) this.held.delete(key);
    this.waiting.delete(run);
    this.#stopped.delete(run);
    run.cancelTimeout();
    this.options.events.changed();
    return settlement;
  }

  /** Starts what may start. */
  dispatch(): void {
    if (!this.open || !this.pool) return;
    const full = new Set<string>();
    for (const run of this.waiting) {
      if (full.has(run.job)) continue;
      const slot = this.pool.take(run.job, this.#suspect(run));
      if (!slot) full.add(run.job);
      else void this.#start(run, slot, this.pool);
    }
  }

  /** Runs that yielded and have not been seen to go on, though a worker has room for them. Those without room wait their turn: they are not late. */
  get resuming(): number {
    let resuming = 0;
    const room = new Map<string, number>();
    for (const run of this.#stopped) {
      if (run.state !== 'waiting') resuming++;
      else {
        const left = room.get(run.job) ?? this.#roomFor(run.job);
        if (left > 0) resuming++;
        room.set(run.job, left - 1);
      }
    }
    return resuming;
  }

  #roomFor(job: string): number {
    const limit = this.pool?.concurrencyOf(job) ?? 0;
    return (this.pool?.slots ?? []).reduce(
      (room, slot) => room + (slot.isolated ? 0 : limit - slot.countOf(job)),
      0,
    );
  }

  /** One crash short of the limit: it runs alone from now on, so that the next crash is surely its own. */
  #suspect(run: HeldRun): boolean {
    return run.crashes + (run.crashed ? 1 : 0) >= this.options.crashLimit - 1 && this.options.crashLimit > 1;
  }

  async #start(run: HeldRun, slot: RunSlot, pool: Pool): Promise<void> {
    this.waiting.delete(run);
    run.state = 'starting';
    const leave = () => {
      slot.release(run.job);
      if (run.lost) return;
      if (this.options.leaving()) return this.#settle(run, { kind: 'give-back' });
      run.state = 'waiting';
      this.waiting.add(run);
    };
    try {
      if (run.checkpoint === undefined) {
        const started = await this.#takeFence(run, pool.release);
        if (started === 'settled') return slot.release(run.job);
      } else if (run.yieldedAt !== null) {
        this.#writes.handedOver(run, pool.release, this.options.host);
      }
    } catch (error) {
      this.options.log.error({ err: error, run: run.claimed.runId }, 'a run could not be started');
      slot.release(run.job);
      return this.#settle(run, { kind: 'give-back' });
    }
    if (run.lost) return slot.release(run.job);
    const misplaced = this.#suspect(run) !== slot.isolated;
    if (!this.open || this.pool !== pool || !slot.process.alive || slot.condemned || misplaced) {
      leave();
      return this.dispatch();
    }
    this.#enter(run, slot, pool.jobs.get(run.job), pool.release);
  }

  /** The first start on this host, or one after a crash: the checkpoint is in the store. */
  async #takeFence(run: HeldRun, release: string): Promise<'ready' | 'settled'> {
    const { store, app, host, crashLimit, lockMs } = this.options;
    const started = await startRun(store, run.right, {
      release,
      host,
      app,
      crashed: run.crashed,
      crashLimit,
      lockMs,
    });
    run.crashed = false;
    if (started.kind === 'lost') {
      this.lose(run);
      return 'settled';
    }
    run.fence = started.fence;
    if (started.kind === 'cancelled') {
      await this.#end(run, { kind: 'cancelled' });
      return 'settled';
    }
    if (started.kind === 'poison') {
      const reason = `its worker died ${started.crashes} times without the run advancing (it ${run.crashCause}): mend the job, then retry`;
      await this.#end(run, { kind: 'parked', parked: { reason, choices: ['retry', 'restart', 'cancel'] } });
      return 'settled';
    }
    run.failures = started.failures;
    run.crashes = started.crashes;
    run.checkpoint = started.checkpoint;
    run.savedAt = started.savedAt;
    run.steps = started.steps;
    return 'ready';
  }

  #enter(run: HeldRun, slot: RunSlot, job: JobManifest | undefined, release: string): void {
    run.state = 'running';
    run.slot = slot;
    run.claim = ++this.#lastClaim;
    run.startedAt = this.options.now();
    slot.runs.set(run.claim, run);
    slot.grant(this.options.deadline());
    const { queue, jobId: _, token: __, payload, runId, scheduledFor } = run.claimed;
    slot.send({
      t: 'start',
      claim: run.claim,
      run: {
        runId,
        job: run.job,
        queue,
        attempt: run.failures + 1,
        fence: run.fence,
        release,
        scheduledFor,
        payload,
        checkpoint: run.checkpoint ?? null,
        steps: run.steps,
      },
    });
    // From here on only the worker and the store have the state: the host must not hold thousands of them.
    run.checkpoint = undefined;
    run.cancelTimeout();
    if (job?.timeoutMs)
      run.cancelTimeout = this.options.clock.after(job.timeoutMs, () => this.stop(run, 'timeout'));
    this.options.events.entered(run);
  }

  /** A message of a worker about one of its runs. */
  receive(slot: RunSlot, message: ToHost): void {
    const run = 'claim' in message ? slot.runs.get(message.claim) : undefined;
    if (!run) return;
    switch (message.t) {
      case 'started':
        this.options.events.started(run);
        this.#stopped.delete(run);
        run.yieldedAt = null;
        return this.options.events.changed();
      case 'advanced':
        return this.options.events.advanced(run);
      case 'end':
        this.options.events.progress(run);
        return void this.#ended(run, slot, message.end);
      default:
        if (message.t === 'save' || message.t === 'step') this.options.events.progress(run);
        return void this.#writes.write(run, slot, message);
    }
  }

  async #ended(run: HeldRun, slot: RunSlot, end: RunEnd): Promise<void> {
    this.#vacate(run, slot);
    if (run.lost) return;
    // A forced run that did not finish goes on from its last save, whatever the interruption made of it.
    if (run.abort === 'forced' && (end.kind === 'failed' || end.kind === 'cancelled'))
      return this.#interrupted(run);
    run.abort = null;
    if (end.kind === 'yielded') return this.#yielded(run, end.checkpoint);
    this.options.pace.ended(run.job, this.options.now() - run.startedAt);
    await this.#end(run, end);
  }

  async #yielded(
    run: HeldRun,
    checkpoint: Extract<RunEnd, { kind: 'yielded' }>['checkpoint'],
  ): Promise<void> {
    run.yieldedAt = this.options.now();
    run.state = 'ending';
    this.ending++;
    try {
      const saved = await saveRun(this.options.store, run.right, checkpoint, 'yield');
      run.fence = saved.fence;
      run.savedAt = saved.savedAt;
    } catch (error) {
      return this.#refused(run, error);
    } finally {
      this.ending--;
    }
    if (run.lost) return;
    run.checkpoint = checkpoint;
    run.state = 'waiting';
    if (this.options.leaving()) this.#settle(run, { kind: 'give-back' });
    else this.#wait(run);
    this.options.events.yielded(run);
    this.dispatch();
  }

  /** Records an end in the store, then lets the queue know. */
  async #end(run: HeldRun, end: Exclude<RunEnd, { kind: 'yielded' }>): Promise<void> {
    run.state = 'ending';
    this.options.events.ended(run, end.kind);
    const { queue, jobId } = run.claimed;
    const ends = (state: Ending['state'], settlement: Settlement) => {
      this.endings.set(heldKey(queue, jobId), { run: run.claimed.runId, job: run.job, state });
      this.#settle(run, settlement);
    };
    if (end.kind === 'completed') {
      ends('completed', { kind: 'completed', result: end.result });
      return this.dispatch();
    }
    const { store } = this.options;
    const job = this.pool?.jobs.get(run.job);
    const attempts = end.kind === 'failed' && end.retry ? (run.claimed.attempts ?? job?.attempts ?? 1) : 0;
    this.ending++;
    try {
      if (end.kind === 'failed') {
        const failed = await failRun(store, run.right, { kind: 'failed', attempts, error: end.error });
        if (failed.kind === 'retry') {
          this.#settle(run, { kind: 'retry', delayMs: backoffMs(job?.backoff, failed.failures) });
        } else {
          ends('failed', { kind: 'ended', error: end.error });
        }
      } else {
        const parked = end.kind === 'parked' ? end.parked : undefined;
        await failRun(store, run.right, { kind: end.kind, attempts: 0, parked });
        const error = {
          name: end.kind,
          message: parked?.reason ?? 'cancelled',
          stack: parked?.reason ?? 'cancelled',
        };
        ends(end.kind, { kind: 'ended', error });
      }
    } catch (error) {
      return this.#refused(run, error);
    } finally {
      this.ending--;
    }
    this.dispatch();
  }

  /** The store refused a write, or could not be asked. Either way this claim can do no more. */
  #refused(run: HeldRun, error: unknown): void {
    if (error instanceof FencedError) return this.lose(run);
    this.options.log.error(
      { err: error, run: run.claimed.runId },
      'the end of a run could not be recorded; it will start again',
    );
    this.#settle(run, { kind: 'give-back' });
  }

  /** The worker is gone. Its runs go on from their last save, elsewhere and at once. */
  exited(slot: RunSlot, cause: string, expired: boolean): void {
    for (const run of [...slot.runs.values()]) {
      this.#vacate(run, slot);
      if (run.lost) continue;
      const { abort } = run;
      if (abort === 'timeout') {
        const message = `timed out, and did not stop within the grace after its signal was aborted: its worker was killed`;
        void this.#end(run, {
          kind: 'failed',
          retry: true,
          error: { name: 'TimeoutError', message, stack: message },
        });
      } else if (abort === 'cancelled') void this.#end(run, { kind: 'cancelled' });
      else {
        run.crashed = !slot.condemned && !expired;
        run.crashCause = cause;
        this.#writes.note(run, `the worker ${cause}; the run goes on from its last checkpoint`);
        this.#interrupted(run);
      }
    }
    this.dispatch();
  }

  /** Back to waiting, with the last saved state. */
  #interrupted(run: HeldRun): void {
    const lostMs = Math.max(0, this.options.now() - Math.max(run.startedAt, run.savedAt ?? 0));
    this.options.events.forced(run, lostMs, run.saving);
    run.abort = null;
    run.saving = 0;
    run.checkpoint = undefined;
    run.yieldedAt = this.options.now();
    run.state = 'waiting';
    if (this.options.leaving()) return this.#settle(run, { kind: 'give-back' });
    this.#wait(run);
    this.dispatch();
  }

  #wait(run: HeldRun): void {
    this.#stopped.add(run);
    this.waiting.add(run);
  }

  #vacate(run: HeldRun, slot: RunSlot): void {
    run.cancelKill();
    if (run.lost) this.#ghosts.delete(heldKey(run.claimed.queue, run.claimed.jobId));
    slot.runs.delete(run.claim);
    slot.release(run.job);
    run.slot = null;
    run.claim = 0;
    if (slot.runs.size === 0) slot.grant(this.options.deadline());
    this.options.events.left(run);
  }

  /** Tells a run to stop at once. If it is deaf, its worker is killed after the grace; its neighbours go on from their last saves. */
  stop(run: HeldRun, reason: AbortReason): void {
    if (!run.slot) {
      if (reason === 'cancelled' && run.state === 'waiting' && this.waiting.delete(run)) {
        if (run.fence === 0) run.checkpoint = undefined;
        void (run.fence > 0 ? this.#end(run, { kind: 'cancelled' }) : this.#cancelUnstarted(run));
      }
      return;
    }
    if (run.abort) return;
    run.abort = reason;
    const { slot, claim } = run;
    slot.send({ t: 'abort', claim, reason });
    run.cancelKill = this.options.clock.after(
      this.options.killAfterMs,
      () => slot.runs.get(claim) === run && slot.kill(),
    );
  }

  giveBackWaiting(): void {
    for (const run of [...this.waiting]) this.#settle(run, { kind: 'give-back' });
  }

  /** These claims lost their lock. */
  loseAll(queue: string, jobIds: string[]): void {
    for (const jobId of jobIds) {
      const run = this.held.get(heldKey(queue, jobId));
      if (run) this.lose(run);
    }
  }

  /** Somebody cancelled a run that may be held here. */
  cancel(queue: string, jobId: string): void {
    const run = this.held.get(heldKey(queue, jobId));
    if (run) this.stop(run, 'cancelled');
  }

  async #cancelUnstarted(run: HeldRun): Promise<void> {
    try {
      // The store has the mark of the cancellation: taking the fence finds it.
      await this.#takeFence(run, this.pool?.release ?? '');
    } catch (error) {
      this.#refused(run, error);
    }
  }

  /** The claim is another's now: nothing of it may be written here, and what computes must stop. */
  lose(run: HeldRun): void {
    if (run.lost) return;
    if (run.slot) {
      this.#ghosts.set(heldKey(run.claimed.queue, run.claimed.jobId), run.slot);
      this.stop(run, 'fenced');
    }
    run.lost = true;
    this.waiting.delete(run);
    this.#settle(run, { kind: 'lost' });
  }

  #settle(run: HeldRun, settlement: Settlement): void {
    run.state = 'ending';
    this.waiting.delete(run);
    run.settle(settlement);
  }
}
