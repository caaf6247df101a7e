import type { Clock } from './clock.js';

const MOST = 100;

/** What may be said again only after a while, with how often it was not said in between. */
export class Seldom {
  readonly #said = new Map<string, { at: number; more: number }>();

  /** @param againAfterMs by the monotonic clock. */
  constructor(
    private readonly clock: Clock,
    private readonly againAfterMs: number,
  ) {}

  isDue(what: string): boolean {
    const before = this.#said.get(what);
    return !before || this.clock.monotonic() - before.at >= this.againAfterMs;
  }

  /** @returns what to add where it is said now: ` (and 3 more times in between)`, mostly nothing. */
  say(what: string): string {
    const more = this.#said.get(what)?.more;
    // What differs each time is not kept for good.
    if (this.#said.size >= MOST) this.#said.clear();
    this.#said.set(what, { at: this.clock.monotonic(), more: 0 });
    return more ? ` (and ${more} more times in between)` : '';
  }

  /** It happened, and was not said. */
  count(what: string): void {
    const before = this.#said.get(what);
    if (before) before.more++;
  }
}
