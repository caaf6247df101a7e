import type { Clock } from '../platform/clock.js';
import type { Store } from '../store/redis.js';
import { FencedError, readSteps, type Started, startRun } from '../store/runs.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import type { Carrier } from './carrier.js';
import type { HeldRun } from './held-run.js';
import type { HeldRuns } from './held-runs.js';
import type { Patience } from './patience.js';
import type { Pool, RunSlot } from './pool.js';
import type { RunEnds } from './run-ends.js';
import type { RunEvents } from './run-events.js';
import type { RunStops } from './run-stops.js';
import type { RunWrites } from './run-writes.js';
import type { Seats } from './seats.js';
import { Stride } from './stride.js';
import type { ToldRuns } from './told-runs.js';
import type { Workflows } from './workflows.js';

export interface RunStartsOptions {
  app: string;
  host: string;
  store: Store;
  held: HeldRuns;
  writes: RunWrites;
  ends: RunEnds;
  stops: RunStops;
  carrier: Carrier;
  workflows: Workflows;
  seats: Seats;
  patience: Patience;
  clock: Clock;
  trouble: TroubleWatch;
  told: ToldRuns;
  now(): number;
  /** Until when (monotonic ns) every lock surely holds. */
  deadline(): bigint;
  crashLimit: number;
  lockMs: number;
  leaving(): boolean;
  events: RunEvents;
  /** Which workers a run may start in now; `null`: it has to wait. `open`: whether the main ones take any. */
  route(run: HeldRun, main: Pool | null, open: boolean): Pool | null;
}

/** A workflow run that could not be begun or ended now is claimed again after this long. */
const STAND_AGAIN_MS = 1_000;
/** In the place of a job's name: the one run at a time that computes alone. */
const ALONE = '';

/** How a waiting run gets into a worker: first its fence, then a place. */
export class RunStarts {
  /** The workers of the release that runs; a swap puts others here. */
  pool: Pool | null = null;
  /** No run starts in them while this is false. */
  open = false;
  #lastClaim = 0;

  constructor(private readonly options: RunStartsOptions) {}

  /** Starts what may start. */
  dispatch(): void {
    if (this.#isPastDeadline) return;
    const full = new Map<Pool, Set<string>>();
    const now = this.options.now();
    for (const run of this.options.held.waiting) {
      const pool = this.#route(run);
      if (!pool || run.notBefore > now) continue;
      if (mayStand(run, pool)) {
        void this.#stand(run, pool);
        continue;
      }
      const alone = this.#suspect(run, pool);
      if (alone) this.#tellAlone(run);
      const wanted = alone ? ALONE : run.job;
      if (!alone && this.options.seats.isFull(run, pool)) {
        void this.#getInLine(run, pool);
        continue;
      }
      if (full.get(pool)?.has(wanted)) continue;
      const slot = pool.take(run.job, alone);
      if (slot) void this.#start(run, slot, pool);
      else full.set(pool, (full.get(pool) ?? new Set()).add(wanted));
    }
    for (const [pool, wanted] of full) if (wanted.has(ALONE)) this.#makeRoom(pool);
  }

  /** A run that is of no job of this release: it may stand for a workflow run, which has steps and computes nothing itself. */
  async #stand(run: HeldRun, pool: Pool): Promise<void> {
    const { held, stops, trouble } = this.options;
    held.waiting.delete(run);
    run.state = 'starting';
    try {
      // As what computes it is waited for before other code runs.
      await held.recording(this.#standFor(run, pool));
    } catch (error) {
      if (error instanceof FencedError) return stops.lose(run);
      trouble.failed(error, 'a workflow run could not be begun or ended, and is tried again', {
        run: run.claimed.runId,
      });
      held.settle(run, { kind: 'retry', delayMs: STAND_AGAIN_MS });
    }
  }

  async #standFor(run: HeldRun, pool: Pool): Promise<void> {
    const { held, ends, workflows } = this.options;
    const started = await this.#takeFence(run, pool.release);
    // Nobody asks any more what it stood for: if for a workflow run, what is kept of that goes with its end.
    if (started.kind === 'settled') run.stands = true;
    if (started.kind === 'lost' || started.kind === 'settled') return this.#refuse(run, started);
    const standing = await workflows.claimed(run, pool, started.kind === 'cancelled');
    run.stands = standing.kind !== 'none';
    if (standing.kind === 'aside') return held.settle(run, { kind: 'aside' });
    if (standing.kind === 'end') return ends.end(run, standing.end);
    this.#waitAgain(run);
    this.dispatch();
  }

  /** Another waits to run alone: one that has advanced there is cleared, and goes on among the others from its next chance to yield. */
  #makeRoom(pool: Pool): void {
    for (const slot of pool.slots) {
      if (!slot.isolated) continue;
      const cleared = [...slot.runs.values()].filter(run => !this.#suspect(run, pool));
      // Sent at every look: a window that turned round may have told it to go on.
      if (cleared.length > 0) slot.send({ t: 'drain', on: true, claims: cleared.map(run => run.claim) });
    }
  }

  #tellAlone(run: HeldRun): void {
    if (run.toldAlone) return;
    run.toldAlone = true;
    const deaths = run.crashes + (run.crashed ? 1 : 0);
    const why = `its worker died ${deaths} times without it advancing`;
    this.options.told.alone(run, why);
    this.options.writes.note(run, `waits to run alone: ${why}`);
  }

  /** Nothing may compute then, and a worker would be ended for it: the next renewal looks again. */
  get #isPastDeadline(): boolean {
    return process.hrtime.bigint() > this.options.deadline();
  }

  #route(run: HeldRun): Pool | null {
    return this.options.route(run, this.pool, this.open);
  }

  /** Stopped runs that have not been seen to go on, though a worker has room for them. Those without room wait their turn: they are not late. */
  get resuming(): number {
    let resuming = 0;
    const room = new Map<string, number>();
    for (const run of this.options.held.stopped) {
      const alone = this.#suspect(run, this.pool);
      const wanted = alone ? ALONE : run.job;
      const left = room.get(wanted) ?? this.#route(run)?.roomFor(run.job, alone) ?? 0;
      if (run.state !== 'waiting') resuming++;
      else {
        if (left > 0) resuming++;
        room.set(wanted, left - 1);
      }
    }
    return resuming;
  }

  /** One crash on this release short of the limit: it runs alone until it advances, so that the next crash is surely its own. */
  #suspect(run: HeldRun, pool: Pool | null): boolean {
    const { crashLimit } = this.options;
    if (run.release !== pool?.release) return false;
    return crashLimit > 1 && run.crashes + (run.crashed ? 1 : 0) >= crashLimit - 1;
  }

  async #start(run: HeldRun, slot: RunSlot, pool: Pool): Promise<void> {
    this.options.held.waiting.delete(run);
    run.state = 'starting';
    const ready = await this.#makeReady(run, pool);
    const misplaced = this.#suspect(run, pool) !== slot.isolated;
    // It may have waited long for Redis.
    const shut = this.#route(run) !== pool || !slot.process.alive || slot.condemned || this.#isPastDeadline;
    if (ready && !run.lost && !misplaced && !shut) return this.#enter(run, slot, pool);
    slot.release(run.job);
    if (ready && !run.lost) this.#waitAgain(run);
    this.dispatch();
  }

  /** Without a place in a worker: there is hardly a seat for it. */
  async #getInLine(run: HeldRun, pool: Pool): Promise<void> {
    this.options.held.waiting.delete(run);
    run.state = 'starting';
    if ((await this.#seated(run, pool)) && !run.lost) this.#waitAgain(run);
    this.dispatch();
  }

  /** @returns whether it has its seat, or needs none; if not, it is settled, or waits for its instant. */
  async #seated(run: HeldRun, pool: Pool): Promise<boolean> {
    const { seats, trouble, held, clock, now } = this.options;
    try {
      if (await seats.take(run, pool.jobs.get(run.job))) return true;
      const early = run.notBefore - now();
      if (run.state === 'starting' && !run.lost && early > 0) {
        this.#waitAgain(run);
        clock.after(early, () => this.dispatch());
      }
    } catch (error) {
      trouble.failed(error, 'a run could not get its seat, and is given back', { run: run.claimed.runId });
      held.settle(run, { kind: 'give-back' });
    }
    return false;
  }

  #waitAgain(run: HeldRun): void {
    const { held, leaving } = this.options;
    if (leaving()) return held.settle(run, { kind: 'give-back' });
    run.state = 'waiting';
    // What it has in hand may have been made fit for that pool alone.
    run.checkpoint = undefined;
    run.steps = undefined;
    held.waiting.add(run);
  }

  /** @returns whether it may enter a worker; if not, it is settled. */
  async #makeReady(run: HeldRun, pool: Pool): Promise<boolean> {
    const { host, store, writes, trouble, held, carrier } = this.options;
    const { release } = pool;
    if (!(await this.#seated(run, pool))) return false;
    try {
      if (run.checkpoint === undefined) {
        if (!(await this.takeFence(run, release))) return false;
      } else {
        // Its fence was taken with its yield.
        run.steps ??= await readSteps(store, run.claimed);
        if (run.release !== release || run.yieldedAt !== null) writes.handedOver(run, release, host);
      }
      return await carrier.fit(run, pool);
    } catch (error) {
      trouble.failed(error, 'a run could not be started, and is given back', { run: run.claimed.runId });
      held.settle(run, { kind: 'give-back' });
      return false;
    }
  }

  /** The first start on this host, or one after a crash: the checkpoint is in the store. @returns whether the run may start. */
  async takeFence(run: HeldRun, release: string): Promise<boolean> {
    const started = await this.#takeFence(run, release);
    if (started.kind !== 'ok') {
      await this.#refuse(run, started);
      return false;
    }
    const { failures, crashes, checkpoint, savedAt, steps } = started;
    Object.assign(run, { failures, crashes, checkpoint, savedAt, steps, release });
    return true;
  }

  async #takeFence(run: HeldRun, release: string): Promise<Started> {
    const { store, app, host, crashLimit, lockMs, patience, leaving } = this.options;
    const by = { release, host, app, crashed: run.crashed, crashLimit, lockMs };
    const claim = { ...run.right, part: run.claimed.part };
    const started = await patience.until(
      () => startRun(store, claim, by),
      () => !run.lost && !leaving(),
    );
    run.crashed = false;
    if (started.kind !== 'lost') run.fence = started.fence;
    return started;
  }

  /** It is not to start: it is over already, or another's. */
  async #refuse(run: HeldRun, started: Exclude<Started, { kind: 'ok' }>): Promise<void> {
    const { ends, stops } = this.options;
    switch (started.kind) {
      case 'lost':
        return stops.lose(run);
      case 'settled':
        return ends.endSettled(run, started);
      case 'cancelled':
        return ends.end(run, { kind: 'cancelled' });
      case 'poison': {
        const reason = `its worker died ${started.crashes} times without the run advancing (it ${run.crashCause}): mend the job, then retry`;
        return ends.end(run, { kind: 'parked', parked: { reason, choices: ['retry', 'restart', 'cancel'] } });
      }
    }
  }

  #enter(run: HeldRun, slot: RunSlot, pool: Pool): void {
    const { clock, stops, events } = this.options;
    run.state = 'running';
    run.slot = slot;
    run.ahead = pool !== this.pool;
    run.definition = pool.jobs.get(run.job);
    run.claim = ++this.#lastClaim;
    run.startedAt = this.options.now();
    run.stride = new Stride(run.startedAt);
    run.asked = false;
    slot.runs.set(run.claim, run);
    slot.grant(this.options.deadline());
    const { queue, payload, runId, scheduledFor } = run.claimed;
    const { job, fence, steps = {}, checkpoint = null } = run;
    const attempt = run.failures + 1;
    run.whole = checkpoint === null && attempt === 1 && Object.keys(steps).length === 0;
    const start = {
      runId,
      job,
      queue,
      attempt,
      fence,
      release: pool.release,
      scheduledFor,
      payload,
      checkpoint,
      steps,
    };
    slot.send({ t: 'start', claim: run.claim, run: start });
    // From here on only the worker and the store have the state: the host must not hold thousands of them.
    run.checkpoint = undefined;
    run.steps = undefined;
    run.cancelTimeout();
    const limit = run.claimed.timeoutMs ?? run.definition?.timeoutMs;
    if (limit) run.cancelTimeout = clock.after(limit, () => stops.stop(run, 'timeout'));
    events.entered(run);
    if (run.cancelled) stops.stop(run, 'cancelled');
  }
}

/** Hooks and probes are of jobs only. */
const mayStand = ({ job, stands, claimed }: HeldRun, pool: Pool): boolean =>
  !pool.jobs.has(job) && stands !== false && claimed.taskRelease === null;
