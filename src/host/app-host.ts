import type { HostAppStatus, Intent, ProofStatus, Refusal } from '../model/intent.js';
import type { Logger } from '../platform/logger.js';
import { Announced } from './announced.js';
import { Asks } from './asks.js';
import { blockersOf } from './blockers.js';
import { BringDown } from './bring-down.js';
import { EndCounts } from './end-counts.js';
import type { HeldRun } from './held-run.js';
import { Lanes } from './lanes.js';
import type { LocalRelease } from './local-release.js';
import { ownIntent } from './own-intent.js';
import type { Pace } from './pace.js';
import type { Pool, RunSlot } from './pool.js';
import { RunControl, type RunControlOptions } from './run-control.js';
import { SpareWorkers } from './spare-workers.js';
import { Standby } from './standby.js';
import { WindowWatch } from './window-watch.js';
import type { WorkerProcess } from './worker-process.js';

/** What an app host makes itself of that which its runs need. */
type Made = 'events' | 'app' | 'counts' | 'route' | 'bringDown' | 'sideBySide';

export interface AppHostOptions extends Omit<RunControlOptions, Made> {
  app: string;
  pace: Pace;
  log: Logger;
  fetch(release: string): Promise<LocalRelease>;
  createPool(local: LocalRelease, app: AppHost): Pool;
  forkWorker(local: LocalRelease): WorkerProcess;
  /** Whether it falls to this host to prove all live checkpoints. */
  isProver(intent: Intent): Promise<boolean>;
  /** A window has begun: its hooks and probes may be runs. */
  onWindow(): void;
  /** The pool that runs has changed: consume its queues. */
  onPool(pool: Pool): void;
  /** See `Announced`. */
  onHeldBack(queue: string, claims: number | null): void;
  /** Queues that earlier releases used. */
  formerQueues(): Promise<string[]>;
  /** `urgent`: the engine waits for this. */
  report(urgent: boolean): void;
}

/**
 * One app on this host. It is told a level (the intent) and makes it so: which release is loaded beside the running one, whether runs may start, whether they
 * are asked to yield, which release's workers run. Every call of `follow` compares and does what is missing, so it does not matter what was missed.
 */
export class AppHost {
  readonly control: RunControl;
  readonly watch: WindowWatch;
  readonly #asks: Asks;
  readonly announced: Announced;
  readonly #spares: SpareWorkers;
  readonly #bringDown: BringDown;
  intent: Intent | null = null;
  standby: Standby | null = null;
  #local: LocalRelease | null = null;
  #proof: ProofStatus | null = null;
  #proofRunning = '';
  #loading: string | null = null;
  #loadError: { release: string; message: string } | null = null;
  #standbyLoading: string | null = null;
  readonly #counts: EndCounts;
  readonly #retired = new Set<Promise<void>>();
  #stopped = false;
  #looking = false;
  /** What the engine may be waiting for, as it was last looked at. */
  #told = '';

  constructor(private readonly options: AppHostOptions) {
    this.watch = new WindowWatch(options.now, this, () => this.#changed());
    const { app, store, clock, log } = options;
    this.#counts = new EndCounts(app, store, clock, log);
    this.#spares = new SpareWorkers(options);
    this.#bringDown = new BringDown({ app, store, clock, spares: this.#spares });
    const lanes = new Lanes(this, store, () => this.control.dispatch());
    this.control = new RunControl({
      ...options,
      events: this.watch,
      counts: this.#counts,
      route: (run, main, open) => lanes.route(run, main, open && this.#mayStart(run)),
      bringDown: this.#bringDown,
      sideBySide: () => this.intent !== null && (this.intent.moved.length > 0 || this.intent.share > 0),
    });
    const jobs = () => this.control.pool?.jobs;
    this.announced = new Announced({ ...options, jobs });
    const { held } = this.control;
    this.#asks = new Asks({ ...options, held, onChange: () => this.#changed() });
  }

  /** Beside what the gate says. */
  #mayStart(run: HeldRun): boolean {
    return this.#asks.mayStart(run) && this.announced.mayStart(run);
  }

  /** Makes the intent so, as far as it can be made so now; called again whenever something that it waits for has happened. */
  follow(given: Intent | null): void {
    if (this.#stopped || !given || (this.intent && given.term < this.intent.term)) return;
    const news = given.revision !== this.intent?.revision;
    const intent = ownIntent(given, this.options.host);
    this.intent = intent;
    if (intent.window && this.watch.tally?.window !== intent.window) this.#begin(intent.window);
    if (!intent.window) this.watch.end();
    this.#prepareStandby(intent);
    const { pool } = this.control;
    const foreign = pool !== null && pool.release !== intent.release;
    this.control.open = intent.gate === 'open' && !foreign && !this.options.leaving();
    const arriveAt = this.control.open && intent.drain ? intent.arriveAt : null;
    const drain = (intent.drain && arriveAt === null) || foreign || this.options.leaving();
    if ((intent.drain || (foreign && intent.window)) && this.watch.drainBegins())
      for (const run of this.control.held.stopped) this.finalState(run);
    else if (this.control.open && !intent.drain) this.watch.reopened();
    pool?.drain(drain);
    this.#asks.follow(arriveAt === null ? null : Date.parse(arriveAt), drain);
    if (intent.force && (intent.drain || foreign)) this.control.force(pool);
    if (foreign && intent.release === null) this.#endRelease();
    if (intent.release && pool?.release !== intent.release) this.#swap(intent.release);
    if (intent.proofRound > 0 && this.standby?.state === 'ready') void this.#proveAll(intent);
    this.control.dispatch();
    this.#retireOldStandby(intent);
    if (news) this.options.report(true);
  }

  /** Another window: nothing proven or loaded for the last one counts in this one, not even for the same release. */
  #begin(window: string): void {
    this.watch.begin(window);
    this.#proof = null;
    this.#proofRunning = '';
    this.#loadError = null;
    void this.#retire(this.standby?.discard());
    this.standby = null;
    this.options.onWindow();
  }

  #again = (): void => this.follow(this.intent);

  #prepareStandby({ standby }: Intent): void {
    if (!standby || this.standby?.release === standby || this.#standbyLoading === standby) return;
    if (this.control.pool?.release === standby) return;
    if (this.#loadError?.release === standby) return;
    // What runs now says to which versions the states must come back down.
    if (this.intent?.release && this.#local?.release !== this.intent.release) return;
    this.#standbyLoading = standby;
    void this.#retire(this.standby?.discard());
    this.standby = null;
    this.#proof = null;
    const loading = this.#loadStandby(standby)
      .catch(error => {
        this.#loadError = { release: standby, message: (error as Error).message };
        this.options.report(true);
      })
      .finally(() => {
        this.#standbyLoading = null;
      });
    void this.#retire(loading);
  }

  async #loadStandby(release: string): Promise<void> {
    const local = await this.options.fetch(release);
    if (this.#stopped || (this.intent?.standby !== release && this.intent?.release !== release)) return;
    const former = await this.options.formerQueues();
    const current = this.#local;
    const jobs = [...local.jobs, ...(current?.jobs ?? [])];
    this.standby = new Standby({
      local,
      store: this.options.store,
      queues: [...new Set([...jobs.map(job => job.queue), ...former])],
      currentJobs: new Map((current?.jobs ?? []).map(job => [job.name, job])),
      pool: this.options.createPool(local, this),
      currentRelease: current?.release ?? null,
      bringDown: this.#bringDown,
      spares: this.#spares,
      onLoaded: () => {
        this.options.report(true);
        this.#again();
      },
      onProven: () => this.#changed(),
    });
    this.options.report(true);
  }

  /** The window is over without a swap, or the swap has taken the standby's pool. */
  #retireOldStandby(intent: Intent): void {
    if (intent.standby === null) this.#loadError = null;
    if (!this.standby || !this.#isStandbyOver) return;
    const { pool } = this.standby;
    // What computes there (a canary's runs, a hook) comes out first, and is not killed.
    pool.drain(true);
    if (intent.force) this.control.force(pool);
    if (pool.running > 0) return;
    void this.#retire(this.standby.discard());
    this.standby = null;
    this.#proof = null;
  }

  /** Nobody wants the release that is loaded there. */
  get #isStandbyOver(): boolean {
    const { standby, intent } = this;
    return standby !== null && standby.release !== intent?.standby && standby.release !== intent?.release;
  }

  /** Back to no release at all: what has ended its runs goes. */
  #endRelease(): void {
    if (this.control.running > 0) return;
    void this.#retire(this.control.pool?.stop());
    this.control.pool = null;
    this.#local = null;
    this.options.report(true);
  }

  /** The workers of another release are to run. They get the runs when the present ones have none left. */
  #swap(release: string): void {
    const old = this.control.pool;
    if (old && this.control.running > 0) return;
    const { standby } = this;
    if (standby?.release === release && standby.state === 'ready') {
      // A host that goes ahead of the others has nobody who looks at its final states before it swaps.
      if (old && !this.intent?.drain && this.intent?.gate === 'open' && !this.#isProven(standby)) return;
      this.standby = null;
      this.#take(standby.pool, standby.local);
      standby.endProofs();
      void this.#retire(old?.stop());
      return;
    }
    if (standby?.release === release && standby.state === 'loading') return;
    if (this.#loading === release || this.#standbyLoading === release) return;
    this.#loading = release;
    const loading = this.#loadPool(release, old).finally(() => {
      this.#loading = null;
    });
    void this.#retire(loading);
  }

  /** No standby: this host joined late, or its standby broke. */
  async #loadPool(release: string, old: Pool | null): Promise<void> {
    try {
      const local = await this.options.fetch(release);
      const pool = this.options.createPool(local, this);
      const loaded = await pool.loaded;
      if (!loaded.ok)
        this.options.log.error({ release, error: loaded.error }, 'a worker could not load the release');
      if (this.#stopped || this.intent?.release !== release || this.control.pool !== old)
        return void this.#retire(pool.stop());
      void this.#retire(old?.stop());
      this.#take(pool, local);
    } catch (error) {
      this.options.log.error({ err: error, release }, 'the release could not be fetched');
      this.#loadError = { release, message: (error as Error).message };
    }
    this.options.report(true);
  }

  #take(pool: Pool, local: LocalRelease): void {
    this.control.pool = pool;
    this.#local = local;
    for (const slot of pool.slots)
      for (const run of slot.runs.values()) {
        run.ahead = false;
        this.watch.entered(run);
      }
    this.options.onPool(pool);
    pool.drain(this.options.leaving());
    this.options.report(true);
    this.#again();
  }

  #isProven({ proving, refusals }: Standby): boolean {
    return proving === 0 && refusals.length === 0;
  }

  async #proveAll(intent: Intent): Promise<void> {
    const { proofRound, standby: release } = intent;
    const { standby } = this;
    const task = `${this.watch.tally?.window}/${release}#${proofRound}`;
    if (!standby || this.#proofRunning === task) return;
    this.#proofRunning = task;
    try {
      if (!(await this.options.isProver(intent))) {
        this.#proofRunning = '';
        return;
      }
      for await (const status of standby.prover.proveAll(proofRound)) {
        // Another round has begun, or the window is over.
        if (this.standby !== standby || this.#proofRunning !== task) return;
        this.#proof = status;
        this.options.report(status.done);
      }
    } catch (error) {
      // Not proven is not proven: the engine's time limit turns this into a refusal unless another look succeeds.
      this.options.log.error({ err: error, release }, 'the proof was interrupted');
      this.#proofRunning = '';
    }
  }

  #retire(task: Promise<void> | undefined): Promise<void> {
    if (!task) return Promise.resolve();
    const tracked = task.catch(() => {}).finally(() => this.#retired.delete(tracked));
    this.#retired.add(tracked);
    return tracked;
  }

  /** A run left a state since a proof began, or may have: what is saved of it now is what the next release will get. */
  finalState(run: HeldRun): void {
    this.standby?.proveFinal(run);
  }

  /** Something changed that is reported: at once where the engine may be waiting for just that. */
  #changed(): void {
    if (this.#looking) return;
    this.#looking = true;
    // Thousands of runs change in one turn of the loop: one look at all of them is enough.
    setImmediate(() => {
      this.#looking = false;
      this.#tellChange();
    });
  }

  #tellChange(): void {
    const told = `${this.idle} ${this.#asks.comingIn === 0} ${this.control.resuming === 0} ${this.watch.tally?.firstProgressNew != null}`;
    this.options.report(this.intent?.window != null && told !== this.#told);
    this.#told = told;
    const { pool } = this.control;
    if (pool && pool.release !== this.intent?.release && this.idle) this.#again();
    else if (this.#isStandbyOver && this.standby!.pool.running === 0) this.#again();
  }

  /** All workers that may have runs. */
  get slots(): RunSlot[] {
    return [...(this.control.pool?.slots ?? []), ...(this.standby?.pool.slots ?? [])];
  }

  /** Nothing computes, every end is recorded and every final state proven. */
  get idle(): boolean {
    return this.control.running === 0 && (this.standby?.proving ?? 0) === 0;
  }

  status(now: number): HostAppStatus {
    const { control, standby, intent, watch } = this;
    const broken = this.#loadError && {
      release: this.#loadError.release,
      state: 'broken' as const,
      error: this.#loadError.message,
    };
    const refusals: Refusal[] = standby?.refusals ?? [];
    if (watch.tally) watch.tally.proven = standby?.proven ?? watch.tally.proven;
    return {
      revision: intent?.revision ?? 0,
      release: control.pool?.release ?? null,
      standby: standby ? { release: standby.release, state: standby.state, error: standby.error } : broken,
      gate: control.open ? 'open' : 'closed',
      ready: control.pool?.slots.filter(slot => slot.ready).length ?? 0,
      running: this.control.running,
      waiting: control.held.waiting.size,
      resuming: control.resuming,
      comingIn: this.#asks.comingIn,
      ahead: standby?.pool.running ?? 0,
      blockers: blockersOf(control.held.values(), this.options.pace, now),
      refusals: refusals.slice(0, 100),
      proving: standby?.proving ?? 0,
      proof: this.#proof,
      tally: watch.tally,
    };
  }

  /** The host leaves: what runs is asked to yield and is given back, what waits is given back at once. */
  leave(): void {
    const { control } = this;
    control.open = false;
    control.pool?.drain(true);
    this.standby?.pool.drain(true);
    control.giveBackWaiting();
  }

  /** Ends all workers; their runs must have been given back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#asks.stop();
    await Promise.all([this.control.pool?.stop(), this.standby?.discard(), this.#counts.flush()]);
    // What was being loaded when the stop came ends as soon as it is loaded.
    while (this.#retired.size > 0) await Promise.all(this.#retired);
    await this.#spares.stop();
  }
}
