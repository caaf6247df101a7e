import type { Clock } from '../platform/clock.js';

/** Time that passes only by jumps from one timer to the next. */
export class FakeClock implements Clock {
  #elapsed = 0;
  readonly #timers = new Map<number, { at: number; fn: () => void }>();
  #last = 0;

  constructor(readonly startedAt: number) {}

  now(): number {
    return this.startedAt + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, fn: () => void): () => void {
    const id = ++this.#last;
    this.#timers.set(id, { at: this.#elapsed + Math.max(0, ms), fn });
    return () => this.#timers.delete(id);
  }

  /** Passes time without a timer. */
  advance(ms: number): void {
    const until = this.#elapsed + ms;
    while (this.#next() && this.#next()![1].at <= until) this.jump();
    this.#elapsed = until;
  }

  /** Jumps to the next timer and calls it. @returns whether there was one. */
  jump(): boolean {
    const next = this.#next();
    if (!next) return false;
    const [id, { at, fn }] = next;
    this.#timers.delete(id);
    this.#elapsed = Math.max(this.#elapsed, at);
    fn();
    return true;
  }

  /** Forgets all timers: whoever set them is dead. */
  clear(): void {
    this.#timers.clear();
  }

  #next(): [number, { at: number; fn: () => void }] | undefined {
    let next: [number, { at: number; fn: () => void }] | undefined;
    for (const entry of this.#timers) if (!next || entry[1].at < next[1].at) next = entry;
    return next;
  }
}
