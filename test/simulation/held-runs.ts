import type { SimulatedHost } from './host.js';
import { canRead, type Release, type State } from './releases.js';
import type { Run } from './runs.js';

export const LOCK_MS = 2_500;
const RENEW_MS = 700;
/** So long before its locks end a host that cannot renew them stops its runs. */
const MARGIN_MS = 200;
export const WORKERS = 3;

interface Claim {
  id: string;
  token: string;
  /** What computes it, and on which release; `null`: it waits. */
  worker: Worker | null;
  /** Yielded in this window, and not yet gone on. */
  yielded: boolean;
}

interface Worker {
  release: Release;
  fence: number;
  state: State | null;
  /** Until when it comes to no checkpoint. */
  slowUntil: number;
}

export type Computing = Claim & { worker: Worker };

/** The runs that a host has claimed: which of them compute, on which release, from which state. */
export class HeldRuns {
  readonly #claims = new Map<string, Claim>();
  #renewedAt: number;
  #tokens = 0;
  /** Saves keep their order. */
  readonly #onTheWay: (() => void)[] = [];
  #lastSave = 0;

  constructor(private readonly host: SimulatedHost) {
    this.#renewedAt = host.world.scheduler.now;
  }

  computing = (): Computing[] =>
    [...this.#claims.values()].filter((claim): claim is Computing => claim.worker !== null);

  get size(): number {
    return this.#claims.size;
  }

  get yielded(): number {
    return [...this.#claims.values()].filter(({ worker, yielded }) => worker === null && yielded).length;
  }

  forget = (): void => this.#claims.clear();

  /** Monotonic, and its own: whatever Redis says, before a lock can have ended nothing computes any more. */
  watchLocks(): void {
    if (this.host.world.scheduler.now - this.#renewedAt < LOCK_MS - MARGIN_MS) return;
    this.#claims.clear();
  }

  renew(): void {
    const { scheduler, runs } = this.host.world;
    if (this.host.isCut || scheduler.now - this.#renewedAt < RENEW_MS) return;
    this.#renewedAt = scheduler.now;
    for (const { id, token } of this.#claims.values())
      if (!runs.renew(id, token, LOCK_MS)) this.#claims.delete(id);
  }

  /** The drain begins: slow ones take a while from now. */
  asked(): void {
    const { scheduler, random, runs } = this.host.world;
    for (const { id, worker } of this.computing())
      worker.slowUntil = runs.get(id).pace === 'slow' ? scheduler.now + random.between(200, 1_500) : 0;
  }

  /** A host that leaves gives back what waits. */
  giveBack(): void {
    for (const { id, token, worker } of this.#claims.values()) {
      if (worker !== null) continue;
      this.host.world.runs.giveBack(id, token);
      this.#claims.delete(id);
    }
  }

  /** A claim that waits goes on; else another run is claimed. */
  start(release: Release): void {
    const { runs, redis } = this.host.world;
    const waiting = [...this.#claims.values()].find(claim => claim.worker === null);
    if (waiting) return this.#begin(waiting, release);
    if (this.#claims.size >= WORKERS || redis.isPaused('reports')) return;
    const token = `${this.host.id}/${this.#tokens++}`;
    const run = runs.claim(token, LOCK_MS);
    if (run) this.#claims.set(run.id, { id: run.id, token, worker: null, yielded: false });
  }

  #begin(claim: Claim, own: Release): void {
    const { world, tally } = this.host;
    const release = this.#poolFor(world.runs.get(claim.id), own);
    if (release === null) {
      this.#claims.delete(claim.id);
      return world.runs.giveBack(claim.id, claim.token, 200);
    }
    const run = world.runs.start(claim.id, claim.token);
    if (!run) return void this.#claims.delete(claim.id);
    const state = this.#readBy(release, run);
    if (state === 'park') {
      world.runs.end(run.id, claim.token, run.fence, 'parked');
      return void this.#claims.delete(claim.id);
    }
    claim.worker = { release, fence: run.fence, state, slowUntil: 0 };
    world.onStart(run, release, this.host);
    if (tally) tally.firstStartNew ??= world.scheduler.now;
    if (tally && claim.yielded) tally.resumed++;
    claim.yielded = false;
  }

  /** Where it can be read. `null`: not here, while both releases run side by side. */
  #poolFor(run: Run, own: Release): Release | null {
    const { moved, share } = this.host.seen!;
    const { standby } = this.host;
    const isSideBySide = moved.length > 0 || share > 0;
    const isChosen = run.fence === 0 && Number(run.id.slice(4)) % 10 < share * 10;
    if (isSideBySide && standby?.isReady && (isChosen || run.state?.by === standby.release.name))
      if (canRead(standby.release, run.state)) return standby.release;
    return canRead(own, run.state) || !isSideBySide ? own : null;
  }

  /** The state for this release, brought down where it is of a later one. */
  #readBy(release: Release, run: Run): State | null | 'park' {
    const { state } = run;
    if (state === null || canRead(release, state)) return state;
    const writer = this.host.world.releases[state.by];
    if (!writer || writer === release || state.version <= release.version) {
      this.host.world.onUnreadable(run, release, this.host);
      return 'park';
    }
    if (writer.hasDowngrade) return { ...state, version: release.version, by: release.name };
    if (writer.onRollback === 'park') return 'park';
    return canRead(release, run.former) ? run.former : null;
  }

  /** Every run that computes gets on a little. */
  work(): void {
    const { world, seen } = this.host;
    for (const claim of this.computing()) {
      if (claim.worker.slowUntil > world.scheduler.now && !seen?.force) continue;
      if (world.random.chance(0.6)) this.#advance(claim);
    }
  }

  #advance(claim: Computing): void {
    const { world, seen, isLeaving } = this.host;
    const run = world.runs.get(claim.id);
    if (this.#isAsked(claim, run) && (run.pace !== 'stubborn' || isLeaving || seen?.force))
      return this.#yield(claim, run);
    const { worker } = claim;
    const { release } = worker;
    const outcome = world.random.next();
    if (outcome < release.kills) return this.#fail(claim, 'crashes');
    if (outcome < release.kills + release.fails) return this.#fail(claim, 'failures');
    worker.state = { version: release.version, done: (worker.state?.done ?? 0) + 1, by: release.name };
    if (this.host.tally && seen?.release === release.name)
      this.host.tally.firstProgressNew ??= world.scheduler.now;
    if (worker.state.done >= run.total) this.#complete(claim);
    else if (world.random.chance(0.4)) this.#send(claim, worker.state);
  }

  #isAsked({ worker }: Computing, { pace }: Run): boolean {
    const { host } = this;
    const { seen, release, standby, world } = host;
    if (host.isLeaving) return true;
    if (!seen) return false;
    const isOfAnother = worker.release !== release && worker.release !== standby?.release;
    if (isOfAnother || (host.isGoing && worker.release === release)) return true;
    if (seen.gate === 'closed') return true;
    if (!seen.drain) return false;
    return pace !== 'quick' || seen.arriveAt === null || Date.parse(seen.arriveAt) - world.redis.now() < 50;
  }

  #complete({ id, token, worker }: Computing): void {
    const { world, tally, seen, isCut } = this.host;
    if (isCut) return;
    if (world.runs.end(id, token, worker.fence, 'completed') === 'ok')
      world.redis.countEnd(worker.release.name, 'completed');
    if (tally && seen?.drain) tally.finished++;
    this.#claims.delete(id);
  }

  #fail({ id, token, worker }: Computing, how: 'failures' | 'crashes'): void {
    const { runs, redis } = this.host.world;
    if (this.host.isCut) return;
    const { release, fence } = worker;
    if (runs.fail(id, token, fence, how) === 'ok') {
      redis.countEnd(release.name, how === 'crashes' ? 'crashes' : 'failed');
      if (runs.get(id).ended === 'parked') redis.countEnd(release.name, 'parked');
    }
    this.#claims.delete(id);
  }

  /** Stops at a checkpoint: saved, and the claim is kept. One that has to be forced loses what it had not saved. */
  #yield(claim: Computing, run: Run): void {
    const { world, tally, seen } = this.host;
    if (this.host.isCut) return;
    const { id, token, worker } = claim;
    const isForced = run.pace === 'stubborn';
    if (!isForced && worker.state) {
      if (world.runs.save(id, token, worker.fence, worker.state, true) !== 'ok')
        return void this.#claims.delete(id);
    }
    (claim as Claim).worker = null;
    claim.yielded = true;
    if (tally && seen?.drain) {
      tally[isForced ? 'forced' : 'yielded']++;
      tally.lastProgressOld = tally.lastEndOld = world.scheduler.now;
    }
    this.host.cameIn(world.runs.get(id));
  }

  /** A checkpoint on its way: it arrives when it arrives, and its fence decides whether it counts. */
  #send({ id, token, worker: { fence } }: Computing, state: State): void {
    const { scheduler, random, runs } = this.host.world;
    const ms = random.chance(0.95) ? random.next() * 3 : random.between(50, 800);
    this.#lastSave = Math.max(this.#lastSave, scheduler.now + ms);
    this.#onTheWay.push(() => runs.save(id, token, fence, state));
    scheduler.in(this.#lastSave - scheduler.now, `${this.host.id}: save of ${id}`, () => this.#arrive());
  }

  /** In order, and when it is stopped or cut off with some still in it, when that is over. */
  #arrive(): void {
    const { host } = this;
    if (host.state === 'stopped' || host.isCut)
      host.world.scheduler.in(100, `${host.id}: saves wait`, () => this.#arrive());
    else if (host.isActive) this.#onTheWay.shift()?.();
  }
}
