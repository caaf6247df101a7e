import type { StoreBug } from '../support/memory-redis.js';
import type { State } from './releases.js';

/** One run as the queue and the store keep it. */
export interface Run {
  id: string;
  /** Items until it is complete. */
  total: number;
  /** How it comes to a checkpoint: at once, after a while, or only when it is stopped by force. */
  pace: 'quick' | 'slow' | 'stubborn';
  fence: number;
  /** Who has it, and until when. */
  token: string | null;
  lockedUntil: number;
  /** Not claimed before: it was given back by somebody who could not read it, or tries again. */
  notBefore: number;
  state: State | null;
  /** The last state of an older version. */
  former: State | null;
  failures: number;
  crashes: number;
  ended: 'completed' | 'failed' | 'parked' | null;
}

export const FRESH: Omit<Run, 'id' | 'total' | 'pace'> = {
  fence: 0,
  token: null,
  lockedUntil: 0,
  notBefore: 0,
  state: null,
  former: null,
  failures: 0,
  crashes: 0,
  ended: null,
};

const ATTEMPTS = 3;

/** What became of a write: `lost`, somebody else has the run; `fenced`, a newer start of it has written. */
export type Written = 'ok' | 'lost' | 'fenced';

/** The runs of one queue, each act whole, under lock and fence as the scripts of `src/store` keep them. */
export class Runs {
  #runs = new Map<string, Run>();

  constructor(
    private readonly now: () => number,
    private readonly bugs: ReadonlySet<StoreBug>,
    /** Sees every checkpoint that is written, with the run as it was before. */
    private readonly onSave: (run: Run, fence: number, state: State) => void,
  ) {}

  all = (): Run[] => [...this.#runs.values()];
  get = (id: string): Run => this.#runs.get(id)!;

  remember(): () => void {
    const kept = this.#runs;
    this.#runs = new Map(kept);
    return () => {
      this.#runs = new Map(kept);
    };
  }

  add(run: Run): void {
    this.#runs.set(run.id, run);
  }

  /** The next one that nobody has. */
  claim(token: string, lockMs: number): Run | null {
    const now = this.now();
    for (const run of this.#runs.values()) {
      if (run.ended || run.lockedUntil > now || run.notBefore > now) continue;
      return this.#write(run, { token, lockedUntil: now + lockMs });
    }
    return null;
  }

  renew(id: string, token: string, lockMs: number): boolean {
    const run = this.get(id);
    if (!this.#holds(run, token)) return false;
    this.#write(run, { lockedUntil: this.now() + lockMs });
    return true;
  }

  /** Takes the next fence. */
  start(id: string, token: string): Run | null {
    const run = this.get(id);
    return this.#holds(run, token) ? this.#write(run, { fence: run.fence + 1 }) : null;
  }

  /** @param isYield it also takes the next fence: what its worker has still on the way does not count. */
  save(id: string, token: string, fence: number, state: State, isYield = false): Written {
    const run = this.get(id);
    const verdict = this.#verdict(run, token, fence);
    if (verdict !== 'ok') return verdict;
    this.onSave(run, fence, state);
    const former = run.state && run.state.version !== state.version ? run.state : run.former;
    this.#write(run, { state, former, failures: 0, crashes: 0, fence: run.fence + (isYield ? 1 : 0) });
    return 'ok';
  }

  /** Back to the queue, for anyone. @param delayMs not at once. */
  giveBack(id: string, token: string, delayMs = 0): void {
    const run = this.get(id);
    if (this.#holds(run, token))
      this.#write(run, { token: null, lockedUntil: 0, notBefore: this.now() + delayMs });
  }

  end(id: string, token: string, fence: number, ended: 'completed' | 'parked'): Written {
    const run = this.get(id);
    const verdict = this.#verdict(run, token, fence);
    if (verdict === 'ok') this.#write(run, { ended, token: null, lockedUntil: 0 });
    return verdict;
  }

  /** A failure of its code, or the death of its worker: these, and nothing else, count. */
  fail(id: string, token: string, fence: number, how: 'failures' | 'crashes'): Written {
    const run = this.get(id);
    const verdict = this.#verdict(run, token, fence);
    if (verdict !== 'ok') return verdict;
    const count = run[how] + 1;
    const ended = count < ATTEMPTS ? null : how === 'crashes' ? 'parked' : 'failed';
    this.#write(run, { [how]: count, ended, token: null, lockedUntil: 0, notBefore: this.now() + 200 });
    return 'ok';
  }

  #verdict(run: Run, token: string, fence: number): Written {
    if (this.bugs.has('fence ignored')) return run.ended ? 'lost' : 'ok';
    if (!this.#holds(run, token)) return 'lost';
    return run.fence === fence ? 'ok' : 'fenced';
  }

  #holds = (run: Run, token: string): boolean =>
    run.ended === null && run.token === token && run.lockedUntil > this.now();

  #write(run: Run, change: Partial<Run>): Run {
    const next = { ...run, ...change };
    this.#runs.set(run.id, next);
    return next;
  }
}
