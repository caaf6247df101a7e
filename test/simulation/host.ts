import type { HostAppStatus, Intent, ProofStatus, Refusal, WindowTally } from '../../src/model/intent.js';
import type { MemoryRedis } from '../support/memory-redis.js';
import { sampleHost, sampleTally } from '../support/window-samples.js';
import type { Random } from './random.js';
import { canRead, type Release, type State } from './releases.js';
import type { Run, Runs } from './runs.js';
import type { Scheduler } from './scheduler.js';
import { APP } from './story.js';

const LOCK_MS = 2_500;
/** No shorter than the locks: a host whose record is over computes nothing. */
const RECORD_MS = 3_000;
const RENEW_MS = 700;
/** So long before its locks end a host that cannot renew them stops its runs. */
const MARGIN_MS = 200;
const REPORT_MS = 500;
const WORKERS = 3;
const LOAD_MS = 150;

export interface Claim {
  id: string;
  token: string;
  /** What computes it, and on which release; `null`: it waits. */
  worker: { release: Release; fence: number; state: State | null; slowUntil: number } | null;
  /** Yielded in this window, and not yet gone on. */
  yielded: boolean;
}

export interface HostWorld {
  redis: MemoryRedis;
  runs: Runs;
  scheduler: Scheduler;
  random: Random;
  releases: Record<string, Release>;
  /** A run met code that cannot read its state, though it had been proven. */
  onUnreadable(run: Run, release: Release, host: SimulatedHost): void;
  onStart(run: Run, release: Release, host: SimulatedHost): void;
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
  readonly claims = new Map<string, Claim>();
  #standby: { release: Release; readyAt: number } | null = null;
  #proof: ProofStatus | null = null;
  #proveAt = 0;
  #proving: { run: Run; at: number }[] = [];
  #refusals: Refusal[] = [];
  #tally: WindowTally | null = null;
  #renewedAt = 0;
  #tokens = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;
  /** Saves keep their order. */
  readonly #onTheWay: (() => void)[] = [];
  #lastSave = 0;

  constructor(
    readonly id: string,
    private readonly world: HostWorld,
  ) {
    this.#renewedAt = world.scheduler.now;
    this.#again();
    this.#sweepAgain();
  }

  get isCut(): boolean {
    return this.isCutOff || this.world.isAway();
  }

  get isActive(): boolean {
    return this.state === 'running';
  }

  computing = (): Claim[] => [...this.claims.values()].filter(claim => claim.worker !== null);

  /** Told that something has changed. */
  wake(): void {
    const { scheduler, random } = this.world;
    scheduler.in(random.next() * 3, `${this.id}: woken`, () => this.#look());
  }

  die(): void {
    this.state = 'dead';
    this.claims.clear();
  }

  #again(): void {
    const { scheduler, random } = this.world;
    scheduler.in(random.between(15, 120), `${this.id}: step`, () => {
      this.step();
      if (this.state !== 'dead' && this.state !== 'gone') this.#again();
    });
  }

  #sweepAgain(): void {
    this.world.scheduler.in(1_000, `${this.id}: sweep`, () => {
      if (this.isActive && !this.isCut) this.world.sweep();
      if (this.state !== 'dead' && this.state !== 'gone') this.#sweepAgain();
    });
  }

  step(): void {
    if (!this.isActive) return;
    const { random } = this.world;
    this.#watchLocks();
    this.#renew();
    const act = random.weighted({ look: 2, work: 5, report: 2 });
    if (act === 'look') this.#look();
    if (act === 'report' && this.world.scheduler.now - this.#reportedAt > REPORT_MS) this.#report(false);
    if (act === 'work') this.#work();
  }

  #look(): void {
    if (!this.isActive || this.isCut || this.isDeaf) return;
    const intent = this.world.redis.intent(APP);
    const seen = this.seen;
    // The word of a former leader.
    if (!intent || (seen && intent.term < seen.term) || intent.revision === seen?.revision) return;
    this.seen = intent;
    this.#follow(intent, seen);
    this.#report(true);
  }

  #follow(intent: Intent, before: Intent | null): void {
    const { scheduler, releases, random } = this.world;
    if (intent.window && this.#tally?.window !== intent.window)
      this.#tally = sampleTally({ window: intent.window });
    if (intent.drain && !before?.drain) {
      if (this.#tally) this.#tally.inFlight = this.computing().length;
      for (const { worker, id } of this.computing())
        worker!.slowUntil =
          this.world.runs.get(id).pace === 'slow' ? scheduler.now + random.between(200, 1_500) : 0;
      this.#refusals = [];
    }
    const standby = intent.standby === null ? null : releases[intent.standby]!;
    if (standby === null) this.#standby = null;
    else if (this.#standby?.release !== standby)
      this.#standby = { release: standby, readyAt: scheduler.now + random.between(10, LOAD_MS) };
    if (intent.standby === null) {
      this.#proof = null;
      this.#proving = [];
      this.#refusals = [];
    }
    if (intent.proofRound > (this.#proof?.round ?? 0)) this.#proveAt = scheduler.now + random.between(5, 150);
  }

  // What it shall run.

  #wanted(): string | null {
    if (!this.seen) return null;
    const { moved, standby, release } = this.seen;
    return moved.includes(this.id) && standby !== null ? standby : release;
  }

  #isReady = (): boolean =>
    this.#standby?.release.loads === true && this.#standby.readyAt <= this.world.scheduler.now;

  /** Runs of the release that is to go have to come in, whatever the gate is. */
  #isGoing = (): boolean => this.#wanted() !== (this.release?.name ?? null);

  #mayStart = (): boolean => this.seen?.gate === 'open' && !this.isLeaving && !this.#isGoing();

  #isAsked(claim: Claim): boolean {
    if (this.isLeaving) return true;
    const { seen } = this;
    if (!seen || !claim.worker) return false;
    const isOfAnother =
      claim.worker.release !== this.release && claim.worker.release !== this.#standby?.release;
    if (this.#isGoing() && claim.worker.release === this.release) return true;
    if (isOfAnother) return true;
    if (!seen.drain && seen.gate === 'open') return false;
    if (seen.gate === 'closed') return true;
    const { pace } = this.world.runs.get(claim.id);
    return (
      pace !== 'quick' || seen.arriveAt === null || Date.parse(seen.arriveAt) - this.world.redis.now() < 50
    );
  }

  // One thing at a time.

  #work(): void {
    const { scheduler, random } = this.world;
    this.#swap();
    this.#prove();
    if (this.isLeaving && !this.isCut) {
      for (const { id, token, worker } of this.claims.values()) {
        if (worker !== null) continue;
        this.world.runs.giveBack(id, token);
        this.claims.delete(id);
      }
    }
    if (this.isLeaving && this.claims.size === 0 && this.#proving.length === 0 && !this.isCut) {
      this.world.redis.removeHost(this.id);
      this.state = 'gone';
      return;
    }
    if (!this.isCut) this.#start();
    for (const claim of this.computing()) {
      if (claim.worker!.slowUntil > scheduler.now && !this.seen?.force) continue;
      if (random.chance(0.6)) this.#advance(claim);
    }
  }

  /** The workers of the release that it shall run take over when nothing computes in the others. */
  #swap(): void {
    const wanted = this.#wanted();
    if (wanted === null || !this.#isGoing()) return;
    const release = this.world.releases[wanted]!;
    if (this.computing().some(claim => claim.worker!.release === this.release)) return;
    // What was saved last is read by the other release first.
    if (this.#proving.length > 0 || this.#refusals.length > 0) return;
    const isLoaded = this.#standby?.release === release ? this.#isReady() : this.world.random.chance(0.4);
    if (!isLoaded || !release.loads) return;
    this.release = release;
    this.#report(true);
  }

  #prove(): void {
    const { scheduler, runs } = this.world;
    const { seen } = this;
    if (this.isCut || !seen || !this.#isReady()) return;
    const standby = this.#standby!.release;
    if (seen.proofRound > (this.#proof?.round ?? 0) && scheduler.now >= this.#proveAt) {
      const live = runs.all().filter(run => run.ended === null && run.state !== null);
      const refusals = live.filter(run => !canRead(standby, run.state)).map(run => refusal(run, standby));
      const counts = { checkpoints: live.length, refused: refusals.length };
      this.#proof = { round: seen.proofRound, done: true, ms: 1, refusals, oneWay: [], ...counts };
      this.#report(true);
    }
    const due = this.#proving.filter(({ at }) => at <= scheduler.now);
    if (due.length === 0) return;
    this.#proving = this.#proving.filter(({ at }) => at > scheduler.now);
    this.#refusals.push(
      ...due.filter(({ run }) => !canRead(standby, run.state)).map(({ run }) => refusal(run, standby)),
    );
    this.#report(true);
  }

  /** A claim that waits goes on; else another run is claimed. */
  #start(): void {
    const { runs, redis } = this.world;
    if (!this.#mayStart() || !this.release) return;
    const waiting = [...this.claims.values()].find(claim => claim.worker === null);
    if (waiting) return this.#begin(waiting);
    if (this.claims.size >= WORKERS || redis.isPaused('reports')) return;
    const token = `${this.id}/${this.#tokens++}`;
    const run = runs.claim(token, LOCK_MS);
    if (run) this.claims.set(run.id, { id: run.id, token, worker: null, yielded: false });
  }

  #begin(claim: Claim): void {
    const { runs, scheduler } = this.world;
    const before = runs.get(claim.id);
    const release = this.#poolFor(before);
    if (release === null) {
      this.claims.delete(claim.id);
      return runs.giveBack(claim.id, claim.token, 200);
    }
    const run = runs.start(claim.id, claim.token);
    if (!run) return void this.claims.delete(claim.id);
    const state = this.#readBy(release, run);
    if (state === 'park') {
      runs.end(run.id, claim.token, run.fence, 'parked');
      return void this.claims.delete(claim.id);
    }
    claim.worker = { release, fence: run.fence, state, slowUntil: 0 };
    this.world.onStart(run, release, this);
    const tally = this.#tally;
    if (claim.yielded && tally) tally.resumed++;
    if (tally) tally.firstStartNew ??= scheduler.now;
    claim.yielded = false;
  }

  /** Where it can be read. `null`: not here, while both releases run side by side. */
  #poolFor(run: Run): Release | null {
    const seen = this.seen!;
    const standby = this.#isReady() ? this.#standby!.release : null;
    const isSideBySide = seen.moved.length > 0 || seen.share > 0;
    const isChosen = run.fence === 0 && Number(run.id.slice(4)) % 10 < seen.share * 10;
    if (
      isSideBySide &&
      standby &&
      (isChosen || run.state?.by === standby.name) &&
      canRead(standby, run.state)
    )
      return standby;
    if (canRead(this.release!, run.state)) return this.release!;
    return isSideBySide ? null : this.release!;
  }

  /** The state for this release, brought down where it is of a later one. */
  #readBy(release: Release, run: Run): State | null | 'park' {
    const { state } = run;
    if (canRead(release, state)) return state;
    const writer = this.world.releases[state!.by];
    if (!writer || writer === release || state!.version <= release.version) {
      this.world.onUnreadable(run, release, this);
      return 'park';
    }
    if (writer.hasDowngrade) return { ...state!, version: release.version, by: release.name };
    if (writer.onRollback === 'park') return 'park';
    return canRead(release, run.former) ? run.former : null;
  }

  #advance(claim: Claim): void {
    const { runs, random, redis } = this.world;
    const worker = claim.worker!;
    const run = runs.get(claim.id);
    const { release } = worker;
    if (this.#isAsked(claim) && (run.pace !== 'stubborn' || this.isLeaving || this.seen?.force))
      return this.#yield(claim, run);
    const outcome = random.next();
    if (outcome < release.kills) return this.#fail(claim, 'crashes');
    if (outcome < release.kills + release.fails) return this.#fail(claim, 'failures');
    worker.state = { version: release.version, done: (worker.state?.done ?? 0) + 1, by: release.name };
    if (this.#tally && this.seen?.release === release.name)
      this.#tally.firstProgressNew ??= this.world.scheduler.now;
    if (worker.state.done >= run.total) {
      if (this.isCut) return;
      const ended = runs.end(claim.id, claim.token, worker.fence, 'completed');
      if (ended === 'ok') redis.countEnd(release.name, 'completed');
      if (this.#tally && this.seen?.drain) this.#tally.finished++;
      this.claims.delete(claim.id);
    } else if (random.chance(0.4)) this.#send(claim, worker.state);
  }

  #fail(claim: Claim, how: 'failures' | 'crashes'): void {
    const { runs, redis } = this.world;
    if (this.isCut) return;
    const { release, fence } = claim.worker!;
    if (runs.fail(claim.id, claim.token, fence, how) === 'ok') {
      redis.countEnd(release.name, how === 'crashes' ? 'crashes' : 'failed');
      if (runs.get(claim.id).ended === 'parked') redis.countEnd(release.name, 'parked');
    }
    this.claims.delete(claim.id);
  }

  /** Stops at a checkpoint: saved, and the claim is kept. One that has to be forced loses what it had not saved. */
  #yield(claim: Claim, run: Run): void {
    if (this.isCut) return;
    const worker = claim.worker!;
    const isForced = run.pace === 'stubborn';
    if (!isForced && worker.state) {
      const written = this.world.runs.save(claim.id, claim.token, worker.fence, worker.state, true);
      if (written !== 'ok') return void this.claims.delete(claim.id);
    }
    claim.worker = null;
    claim.yielded = true;
    const tally = this.#tally;
    if (tally && this.seen?.drain) {
      tally[isForced ? 'forced' : 'yielded']++;
      tally.lastProgressOld = tally.lastEndOld = this.world.scheduler.now;
    }
    if (this.#standby && (this.seen?.drain || this.#isGoing()))
      this.#proving.push({
        run: this.world.runs.get(claim.id),
        at: this.world.scheduler.now + this.world.random.between(0, 60),
      });
    if (this.isLeaving) {
      this.world.runs.giveBack(claim.id, claim.token);
      this.claims.delete(claim.id);
    }
    if (this.computing().length === 0) this.#report(true);
  }

  /** A checkpoint on its way: it arrives when it arrives, and its fence decides whether it counts. */
  #send(claim: Claim, state: State): void {
    const { scheduler, random, runs } = this.world;
    const { fence } = claim.worker!;
    const { id, token } = claim;
    const ms = random.chance(0.95) ? random.next() * 3 : random.between(50, 800);
    this.#lastSave = Math.max(this.#lastSave, scheduler.now + ms);
    this.#onTheWay.push(() => runs.save(id, token, fence, state));
    scheduler.in(this.#lastSave - scheduler.now, `${this.id}: save of ${id}`, () => this.#arrive());
  }

  /** In order, and when it is stopped or cut off with some still in it, when that is over. */
  #arrive(): void {
    if (this.state === 'stopped' || this.isCut) {
      this.world.scheduler.in(100, `${this.id}: saves wait`, () => this.#arrive());
    } else if (this.state === 'running') {
      this.#onTheWay.shift()?.();
    }
  }

  // Locks and reports.

  /** Monotonic, and its own: whatever Redis says, before a lock can have ended nothing computes any more. */
  #watchLocks(): void {
    if (this.world.scheduler.now - this.#renewedAt < LOCK_MS - MARGIN_MS) return;
    this.claims.clear();
    this.#proving = [];
  }

  #renew(): void {
    const { scheduler, runs } = this.world;
    if (this.isCut || scheduler.now - this.#renewedAt < RENEW_MS) return;
    this.#renewedAt = scheduler.now;
    for (const claim of this.claims.values())
      if (!runs.renew(claim.id, claim.token, LOCK_MS)) this.claims.delete(claim.id);
  }

  #report(wake: boolean): void {
    if (!this.isActive || this.isCut || this.state === 'gone') return;
    this.#reportedAt = this.world.scheduler.now;
    const apps: Record<string, HostAppStatus> = this.seen ? { [APP]: this.#status(this.seen) } : {};
    this.world.redis.reportHost(
      sampleHost(this.id, null, { leaving: this.isLeaving, apps }),
      RECORD_MS,
      wake,
    );
  }

  #status(seen: Intent): HostAppStatus {
    const computing = this.computing();
    const own = computing.filter(({ worker }) => worker!.release === this.release);
    const waiting = this.claims.size - computing.length;
    const slow = own.filter(({ id }) => this.world.runs.get(id).pace !== 'quick');
    const standby = this.#standby;
    return {
      revision: seen.revision,
      release: this.release?.name ?? null,
      standby: standby && {
        release: standby.release.name,
        state: this.#isReady() ? 'ready' : standby.readyAt > this.world.scheduler.now ? 'loading' : 'broken',
        error: standby.release.loads ? null : 'it does not load',
      },
      gate: seen.gate,
      ready: this.release ? WORKERS : 0,
      running: computing.length,
      waiting,
      resuming: this.#mayStart() ? waiting : 0,
      comingIn: seen.arriveAt === null ? 0 : slow.length,
      ahead: computing.length - own.length,
      blockers: slow.map(({ id }) => ({
        run: id,
        job: 'invoice',
        lastCheckpointAt: null,
        stoppable: this.world.runs.get(id).pace !== 'stubborn',
        estimateMs: this.world.runs.get(id).pace === 'slow' ? 900 : null,
      })),
      refusals: [...this.#refusals],
      proving: this.#proving.length,
      proof: this.#proof,
      tally: this.#tally && { ...this.#tally },
    };
  }
}

const refusal = (run: Run, release: Release): Refusal => ({
  run: run.id,
  job: 'invoice',
  queue: 'reports',
  from: run.state!.version,
  to: release.version,
  direction: 'up',
  path: '/done',
  message: 'cannot be read',
});
