import type { ChanceReport } from '../model/messages.js';

/**
 * How long a run goes between two places where it could yield: what a drain has to wait for. Saves are throttled and would not tell. Noting a chance is a
 * subtraction and a comparison, since `ctx.checkpoint` does it at every call.
 */
export class Chances {
  #last: number;
  #count = 0;
  #ms = 0;
  #longest = 0;
  #ever = false;

  constructor(now: number) {
    this.#last = now;
  }

  /** The run could yield here. @param now of the monotonic clock. */
  note(now: number): void {
    const gap = now - this.#last;
    this.#last = now;
    this.#count++;
    this.#ms += gap;
    if (gap > this.#longest) this.#longest = gap;
  }

  /** Until now it could have yielded at any moment. */
  skip(now: number): void {
    this.#last = now;
  }

  /** The run has ended: what came after its last chance could not be interrupted either. */
  end(now: number): void {
    if (this.#ever || this.#count > 0) this.note(now);
  }

  /** What has not been told yet; `undefined`: nothing. */
  take(): ChanceReport | undefined {
    if (this.#count === 0) return undefined;
    const report = { count: this.#count, ms: this.#ms, longest: this.#longest };
    this.#count = 0;
    this.#ms = 0;
    this.#longest = 0;
    this.#ever = true;
    return report;
  }
}
