import type { HostAppStatus, Intent } from '../model/intent.js';
import type { Logger } from '../platform/logger.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import { Announced } from './announced.js';
import { Asks } from './asks.js';
import { Beside } from './beside.js';
import { blockersOf } from './blockers.js';
import { BringDown } from './bring-down.js';
import { EndCounts } from './end-counts.js';
import { Endings } from './endings.js';
import { Evaluator } from './evaluate.js';
import type { HeldRun } from './held-run.js';
import { Lanes } from './lanes.js';
import type { LoadLines } from './load-lines.js';
import type { LocalRelease } from './local-release.js';
import { ownIntent } from './own-intent.js';
import type { Pace } from './pace.js';
import type { Pool, RunSlot } from './pool.js';
import { RunControl, type RunControlOptions } from './run-control.js';
import { SpareWorkers } from './spare-workers.js';
import type { Standby } from './standby.js';
import { StandbyKeeper } from './standby-keeper.js';
import { WindowWatch } from './window-watch.js';
import type { WorkerProcess } from './worker-process.js';
import { Workflows, type WorkflowsOptions } from './workflows.js';

/** What an app host makes itself of that which its runs need. */
type Made =
  | 'events'
  | 'app'
  | 'counts'
  | 'route'
  | 'bringDown'
  | 'sideBySide'
  | 'workflows'
  | 'beside'
  | 'recording';
type OfWorkflows = Pick<WorkflowsOptions, 'queues' | 'retention' | 'payloadBytes' | 'claims'>;

export interface AppHostOptions extends Omit<RunControlOptions, Made>, OfWorkflows {
  app: string;
  pace: Pace;
  log: Logger;
  loads: LoadLines;
  trouble: TroubleWatch;
  fetch(release: string): Promise<LocalRelease>;
  createPool(local: LocalRelease, app: AppHost): Pool;
  forkWorker(local: LocalRelease): WorkerProcess;
  /** Whether what was read last still binds everybody. A host that was cut off or stopped for long may have been left out: it looks before it starts anything. */
  isCurrent(): boolean;
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
  readonly workflows: Workflows;
  readonly watch: WindowWatch;
  readonly #asks: Asks;
  readonly announced: Announced;
  readonly #spares: SpareWorkers;
  /** Asks the code of a release about steps of workflows. */
  readonly evaluator: Evaluator;
  readonly #bringDown: BringDown;
  readonly #counts: EndCounts;
  readonly #keeper: StandbyKeeper;
  readonly #beside: Beside;
  readonly #endings = new Endings();
  intent: Intent | null = null;
  /** The same as all hosts are told it. */
  #given: Intent | null = null;
  #local: LocalRelease | null = null;
  #loading: string | null = null;
  #stopped = false;
  #looking = false;
  /** What the engine may be waiting for, as it was last looked at. */
  #told = '';

  constructor(private readonly options: AppHostOptions) {
    this.watch = new WindowWatch(options.now, this, () => this.#changed());
    const { app, store, clock, trouble } = options;
    this.#counts = new EndCounts(app, store, clock, trouble);
    this.#spares = new SpareWorkers(options);
    this.evaluator = new Evaluator(options);
    this.#beside = new Beside({ ...options, standby: () => this.standby?.local ?? null });
    this.#bringDown = new BringDown({ app, store, clock, spares: this.#spares });
    this.workflows = new Workflows({
      ...options,
      running: () => (this.control.open && options.isCurrent() ? this.control.pool : null),
      recording: work => this.control.held.recording(work),
      beside: () => this.#given && this.#beside.of(this.#given),
      begun: ({ queue, jobId }) => void this.standby?.proveBegun({ queue, jobId }),
      evaluate: (release, question) => this.evaluator.ask(release, question),
    });
    const lanes = new Lanes(this, store, () => this.control.dispatch());
    this.control = new RunControl({
      ...options,
      events: this.watch,
      counts: this.#counts,
      route: (run, main, open) =>
        options.isCurrent() ? lanes.route(run, main, open && this.#mayStart(run)) : null,
      bringDown: this.#bringDown,
      workflows: this.workflows,
      sideBySide: () => this.intent !== null && (this.intent.moved.length > 0 || this.intent.share > 0),
    });
    const jobs = () => this.control.pool?.jobs;
    this.announced = new Announced({ ...options, jobs });
    const { held } = this.control;
    this.#asks = new Asks({ ...options, held });
    this.#keeper = new StandbyKeeper({
      ...options,
      spares: this.#spares,
      bringDown: this.#bringDown,
      endings: this.#endings,
      createPool: local => options.createPool(local, this),
      intent: () => (this.#stopped ? null : this.intent),
      current: () => this.#local,
      force: pool => this.control.force(pool),
      again: this.#again,
      changed: () => this.#changed(),
    });
  }

  get standby(): Standby | null {
    return this.#keeper.standby;
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
    this.#given = given;
    if (intent.window && this.watch.tally?.window !== intent.window) this.#begin(intent.window);
    if (!intent.window && this.watch.tally) {
      this.#tell(
        `window ${this.watch.tally.window} is over: ${intent.app} is to run on ${intent.release ?? 'no release'}`,
      );
      this.watch.end();
    }
    this.#keeper.prepare(intent);
    const { pool } = this.control;
    const foreign = pool !== null && pool.release !== intent.release;
    this.control.open = intent.gate === 'open' && !foreign && !this.options.leaving();
    const arriveAt = this.control.open && intent.drain ? intent.arriveAt : null;
    const drain = (intent.drain && arriveAt === null) || foreign || this.options.leaving();
    if (
      (intent.drain || (foreign && intent.window)) &&
      this.watch.drainBegins(pool?.release ?? intent.release)
    ) {
      this.#tell(
        `window ${intent.window}: what runs here (${this.control.running}) is to come to a checkpoint`,
      );
      for (const run of this.control.held.stopped) this.finalState(run);
    } else if (this.control.open && !intent.drain) this.watch.reopened(intent.release);
    pool?.drain(drain);
    this.#asks.follow(arriveAt === null ? null : Date.parse(arriveAt), drain);
    if (intent.force && (intent.drain || foreign)) this.control.force(pool);
    if (foreign && intent.release === null) this.#endRelease();
    if (intent.release && pool?.release !== intent.release) this.#swap(intent.release);
    void this.#keeper.prove(intent);
    this.control.dispatch();
    this.workflows.look();
    this.#keeper.retire(intent);
    if (news) this.options.report(true);
  }

  #tell(text: string): void {
    this.options.log.info({ app: this.options.app }, text);
  }

  #begin(window: string): void {
    this.#tell(`window ${window} of ${this.options.app} has begun`);
    this.watch.begin(window);
    this.#keeper.begin();
    this.options.onWindow();
  }

  #again = (): void => this.follow(this.#given);

  /** Back to no release at all: what has ended its runs goes. */
  #endRelease(): void {
    if (this.control.running > 0) return;
    this.#endings.add(this.control.pool?.stop());
    this.control.pool = null;
    this.#local = null;
    this.options.report(true);
  }

  /** The workers of another release are to run. They get the runs when the present ones have none left. */
  #swap(release: string): void {
    const old = this.control.pool;
    if (old && this.control.running > 0) return;
    // A host that goes ahead of the others has nobody who looks at its final states before it swaps.
    const alone = old !== null && this.intent?.drain === false && this.intent.gate === 'open';
    if (alone && this.standby?.release === release && !this.#keeper.mayTake) return;
    const standby = this.#keeper.take(release);
    if (standby) {
      this.#take(standby.pool, standby.local);
      standby.endProofs();
      return this.#endings.add(old?.stop());
    }
    if (this.#loading === release || this.#keeper.isLoading(release)) return;
    this.#loading = release;
    const loading = this.#loadPool(release, old).finally(() => {
      if (this.#loading === release) this.#loading = null;
    });
    this.#endings.add(loading);
  }

  /** No standby: this host joined late, or its standby broke. */
  async #loadPool(release: string, old: Pool | null): Promise<void> {
    try {
      const local = await this.options.fetch(release);
      const pool = this.options.createPool(local, this);
      const loaded = await pool.loaded;
      if (!loaded.ok)
        this.options.loads.broken(release, loaded.error, 'its runs wait, and it is tried again');
      if (this.#stopped || this.intent?.release !== release || this.control.pool !== old)
        return this.#endings.add(pool.stop());
      this.#endings.add(old?.stop());
      this.#take(pool, local);
    } catch (error) {
      this.options.trouble.failed(error, `release ${release} could not be fetched; it is tried again`);
      this.#keeper.failed(release, (error as Error).message);
    }
    this.options.report(true);
  }

  #take(pool: Pool, local: LocalRelease): void {
    this.control.pool = pool;
    this.#beside.ran(this.#local);
    this.#local = local;
    for (const slot of pool.slots)
      for (const run of slot.runs.values()) {
        run.ahead = false;
        this.watch.entered(run);
      }
    this.#tell(
      `${this.options.app} runs on release ${pool.release} now (${pool.slots.length} of its workers here)`,
    );
    this.options.onPool(pool);
    pool.drain(this.options.leaving());
    this.options.report(true);
    this.#again();
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
    else if (this.#keeper.isOver && this.standby!.pool.running === 0) this.#again();
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
    if (watch.tally) watch.tally.proven = standby?.proven ?? watch.tally.proven;
    return {
      revision: intent?.revision ?? 0,
      release: control.pool?.release ?? null,
      standby: this.#keeper.status(),
      gate: control.open ? 'open' : 'closed',
      ready: control.pool?.slots.filter(slot => slot.ready).length ?? 0,
      running: this.control.running,
      waiting: control.held.waiting.size,
      resuming: control.resuming,
      comingIn: this.#asks.comingIn,
      held: watch.held,
      ahead: standby?.pool.running ?? 0,
      blockers: blockersOf(control.held.values(), this.options.pace, now),
      refusals: standby?.refusals.slice(0, 100) ?? [],
      proving: standby?.proving ?? 0,
      proof: this.#keeper.proof,
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
    this.#keeper.discard();
    await Promise.all([this.control.pool?.stop(), this.#counts.stop(), this.workflows.stop()]);
    // What was being loaded when the stop came ends as soon as it is loaded.
    await this.#endings.all();
    await Promise.all([this.#spares.stop(), this.evaluator.stop()]);
    this.options.told.flush();
  }
}
