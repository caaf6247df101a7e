import { type Clock, systemClock } from '../platform/clock.js';
import type { Service } from '../platform/service.js';
import { type Store, script } from './redis.js';

const acquireScript = script<[won: number, term: string]>('acquire-lease', 1);
const releaseScript = script<number>('release-lease', 1);

export interface LeaseOptions {
  /** Unique in all time: a server that restarts is another owner. */
  owner: string;
  /** How long the lease outlives its last renewal; default 3,000. Renewed (or tried for) every third of it. */
  ttlMs?: number;
  clock?: Clock;
}

/** Who holds it: compared with the lease at each write, so that a former holder has no say. */
export interface Holder {
  owner: string;
  term: number;
}

export interface Lease extends Service {
  readonly owner: string;
  /** Of the last holding; 0 before the first. Rises with each holder and never comes again. */
  readonly term: number;
  /** Whether it is ours by our own monotonic clock: false from `ttlMs` after the last renewal was *sent*, whatever Redis says. */
  held(): boolean;
  /** Called with each change of `held`. @returns the function that ends it. */
  onChange(listener: (held: boolean) => void): () => void;
}

/** Owner and term of this moment, `null` where it is not ours: should the lease change hands, what is written by them is refused. */
export const holderOf = (lease: Pick<Lease, 'owner' | 'term' | 'held'>): Holder | null =>
  lease.held() ? { owner: lease.owner, term: lease.term } : null;

/** Where a lease is kept. */
export interface LeaseRecord {
  /**
   * Takes it if it is free or over, renews it if it is ours. `term` is ours only where it was won.
   * @param term the one that the owner holds now; 0: none, so that what a Redis brought back is not taken for held all the time.
   */
  acquire(owner: string, ttlMs: number, term: number): Promise<{ won: boolean; term: number }>;
  /** Ends it, if it still is that of this owner and term. Does not wait for a Redis that is away. */
  release(owner: string, term: number): Promise<void>;
}

export const createLease = (store: Store, options: LeaseOptions): Lease =>
  holdLease(leaseRecord(store), options);

export function leaseRecord({ redis, keys }: Store): LeaseRecord {
  return {
    async acquire(owner, ttlMs, held) {
      const [won, term] = await acquireScript(redis, keys.lease, owner, ttlMs, held);
      return { won: won === 1, term: Number(term) };
    },
    async release(owner, term) {
      if (redis.status === 'ready') await releaseScript(redis, keys.lease, owner, term).catch(() => 0);
    },
  };
}

/**
 * The right to run the window engine, one holder at a time. A holder that was stopped (SIGSTOP, a blocked loop) may believe that it still
 * holds it: that is why every write of the engine carries owner and term, and the script that writes compares both.
 */
export function holdLease(record: LeaseRecord, options: LeaseOptions): Lease {
  const { owner, ttlMs = 3_000, clock = systemClock } = options;
  const listeners = new Set<(held: boolean) => void>();
  let term = 0;
  let deadline = Number.NEGATIVE_INFINITY;
  let told = false;
  let running = false;
  let cancelNext = () => {};
  let cancelExpiry = () => {};

  const held = () => running && clock.monotonic() < deadline;

  function tell() {
    if (told === held()) return;
    told = !told;
    for (const listener of listeners) listener(told);
  }

  async function attempt(): Promise<void> {
    const sentAt = clock.monotonic();
    // While Redis is away this waits for its return; `held` meanwhile ends by itself.
    const answer = await record.acquire(owner, ttlMs, held() ? term : 0);
    if (!running) return;
    deadline = answer.won ? sentAt + ttlMs : Number.NEGATIVE_INFINITY;
    if (answer.won) term = answer.term;
    cancelExpiry();
    tell();
    if (held()) cancelExpiry = clock.after(deadline - clock.monotonic(), tell);
  }

  function again() {
    cancelNext = clock.after(ttlMs / 3, () => {
      attempt()
        // Redis answers with an error (loading, out of memory, a replica): the next attempt is soon enough.
        .catch(() => {})
        .finally(() => running && again());
    });
  }

  return {
    owner,
    held,
    get term() {
      return term;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async start() {
      if (running) return;
      running = true;
      await attempt();
      again();
    },
    async stop() {
      if (!running) return;
      const wasHeld = held();
      running = false;
      cancelNext();
      cancelExpiry();
      tell();
      // Lets the next holder in at once; where that cannot be said, the lease ends by itself.
      if (wasHeld) await record.release(owner, term);
    },
  };
}
