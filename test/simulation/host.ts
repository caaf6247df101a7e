import type { HostAppStatus, HostStatus, Intent, WindowTally } from '../../src/model/intent.js';
import type { MemoryRedis } from '../support/memory-redis.js';
import { sampleHost, sampleTally } from '../support/window-samples.js';
import { HeldRuns, LOCK_MS, WORKERS } from './held-runs.js';
import type { Random } from './random.js';
import type { Release } from './releases.js';
import type { Run, Runs } from './runs.js';
import type { Scheduler } from './scheduler.js';
import { Standby } from './standby.js';
import { APP } from './story.js';

/** No shorter than the locks: a host whose record is over computes nothing. */
const RECORD_MS = 3_000;
const REPORT_MS = 500;

export interface HostWorld {
  redis: MemoryRedis;
  runs: Runs;
  scheduler: Scheduler;
  random: Random;
  releases: Record<string, Release>;
  /** A run met code that cannot read its state, though it should have been proven. */
  onUnreadable(run: Run, release: Release, host: SimulatedHost): void;
  onStart(run: Run, release: Release, host: SimulatedHost): void;
  /** What every host does once a second beside its own. */
  sweep(): void;
  isAway(): boolean;
}

/** A host as the table sees it: it follows intents, and it may do every wrong thing that a machine does. */
export class SimulatedHost {
  state: 'running' | 'stopped' | 'dead' | 'gone' = 'running';
  isLeaving = false;
  /** Its record is renewed, and it follows nothing any more. */
  isDeaf = false;
  isCutOff = false;
  seen: Intent | null = null;
  release: Release | null = null;
  standby: Standby | null = null;
  tally: WindowTally | null = null;
  readonly held: HeldRuns;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly id: string,
    readonly world: HostWorld,
  ) {
    this.held = new HeldRuns(this);
    this.#stepAgain();
    this.#sweepAgain();
  }

  get isCut(): boolean {
    return this.isCutOff || this.world.isAway();
  }

  get isActive(): boolean {
    return this.state === 'running';
  }

  get #isThere(): boolean {
    return this.state !== 'dead' && this.state !== 'gone';
  }

  /** Told that something has changed. */
  wake(): void {
    const { scheduler, random } = this.world;
    scheduler.in(random.next() * 3, `${this.id}: woken`, () => this.#look());
  }

  die(): void {
    this.state = 'dead';
    this.held.forget();
  }

  #stepAgain(): void {
    const { scheduler, random } = this.world;
    scheduler.in(random.between(15, 120), `${this.id}: step`, () => {
      if (this.isActive) this.#step();
      if (this.#isThere) this.#stepAgain();
    });
  }

  #sweepAgain(): void {
    this.world.scheduler.in(1_000, `${this.id}: sweep`, () => {
      if (this.isActive && !this.isCut) this.world.sweep();
      if (this.#isThere) this.#sweepAgain();
    });
  }

  #step(): void {
    const { random, scheduler } = this.world;
    this.held.watchLocks();
    this.held.renew();
    const act = random.weighted({ look: 2, work: 5, report: 2 });
    if (act === 'look') this.#look();
    if (act === 'work') this.#work();
    if (act === 'report' && scheduler.now - this.#reportedAt > REPORT_MS) this.#report(false);
  }

  #look(): void {
    if (!this.isActive || this.isCut || this.isDeaf) return;
    this.#lookedAt = this.world.scheduler.now;
    const { seen } = this;
    const intent = this.world.redis.intent(APP);
    // The word of a former leader.
    if (!intent || (seen && intent.term < seen.term) || intent === seen) return;
    this.seen = intent;
    this.#follow(intent, seen);
    this.#report(true);
  }

  #follow(intent: Intent, before: Intent | null): void {
    if (intent.window && this.tally?.window !== intent.window)
      this.tally = sampleTally({ window: intent.window });
    if (intent.drain && !before?.drain) {
      if (this.tally) this.tally.inFlight = this.held.computing().length;
      this.held.asked();
    }
    const standby = intent.standby === null ? null : this.world.releases[intent.standby]!;
    if (standby === null) this.standby = null;
    else if (this.standby?.release !== standby) this.standby = new Standby(standby, this.world);
    this.standby?.ask(intent.proofRound);
  }

  #wanted(): string | null {
    if (!this.seen) return null;
    const { moved, standby, release } = this.seen;
    return moved.includes(this.id) && standby !== null ? standby : release;
  }

  /** Runs of the release that is to go have to come in, whatever the gate is. */
  get isGoing(): boolean {
    return this.#wanted() !== (this.release?.name ?? null);
  }

  /** As long as its record lives every window waits for it; later it looks before it starts anything. */
  get #isCurrent(): boolean {
    return this.world.scheduler.now - this.#lookedAt < LOCK_MS;
  }

  get #mayStart(): boolean {
    return this.seen?.gate === 'open' && !this.isLeaving && !this.isGoing && this.#isCurrent;
  }

  #work(): void {
    this.#swap();
    if (!this.isCut && this.standby?.work()) this.#report(true);
    if (this.isLeaving && !this.isCut) {
      this.held.giveBack();
      if (this.held.size === 0 && (this.standby?.proving ?? 0) === 0) {
        this.world.redis.removeHost(this.#record());
        this.state = 'gone';
        return;
      }
    }
    if (!this.isCut && this.#mayStart && this.release) this.held.start(this.release);
    this.held.work();
  }

  /** The workers of the release that it shall run take over when nothing computes in the others. */
  #swap(): void {
    const wanted = this.#wanted();
    if (wanted === null || !this.isGoing) return;
    const release = this.world.releases[wanted]!;
    if (this.held.computing().some(claim => claim.worker.release === this.release)) return;
    const { standby } = this;
    // What was saved last is read by the other release first.
    if (standby && (standby.proving > 0 || standby.refusals.length > 0)) return;
    const isLoaded = standby?.release === release ? standby.isReady : this.world.random.chance(0.4);
    if (!isLoaded || !release.loads) return;
    this.release = release;
    this.#report(true);
  }

  /** A run has yielded. */
  cameIn(run: Run): void {
    if (this.seen?.drain || this.isGoing) this.standby?.askFinal(run);
    if (this.isLeaving) this.held.giveBack();
    if (this.held.computing().length === 0) this.#report(true);
  }

  #report(wake: boolean): void {
    if (!this.isActive || this.isCut) return;
    this.#reportedAt = this.world.scheduler.now;
    this.world.redis.reportHost(this.#record(), RECORD_MS, wake);
  }

  #record(): HostStatus {
    const apps: Record<string, HostAppStatus> = this.seen ? { [APP]: this.#status(this.seen) } : {};
    return sampleHost(this.id, null, { leaving: this.isLeaving, apps });
  }

  #status(seen: Intent): HostAppStatus {
    const { standby, tally, world } = this;
    const computing = this.held.computing();
    const own = computing.filter(({ worker }) => worker.release === this.release);
    const waiting = this.held.size - computing.length;
    const slow = own.map(({ id }) => world.runs.get(id)).filter(({ pace }) => pace !== 'quick');
    return {
      revision: seen.revision,
      release: this.release?.name ?? null,
      standby: standby?.status() ?? null,
      gate: seen.gate,
      ready: this.release ? WORKERS : 0,
      running: computing.length,
      waiting,
      resuming: this.#mayStart ? waiting : 0,
      comingIn: seen.arriveAt === null ? 0 : slow.length,
      held: computing.length + this.held.yielded,
      ahead: computing.length - own.length,
      blockers: slow.map(({ id, pace }) => ({
        run: id,
        job: 'invoice',
        lastCheckpointAt: null,
        stoppable: pace !== 'stubborn',
        estimateMs: pace === 'slow' ? 900 : null,
      })),
      refusals: [...(standby?.refusals ?? [])],
      proving: standby?.proving ?? 0,
      proof: standby?.proof ?? null,
      tally: tally && { ...tally },
    };
  }
}
