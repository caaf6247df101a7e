import type { Clock } from '../platform/clock.js';

const SECOND_MS = 1_000;
/** How many parts of a second get their share each, so that what is released does not come in one stroke. */
const PARTS = 5;

/** Lets the late fires of each app go at a rate: at most so many within any second. */
export class Pace {
  readonly #gone = new Map<string, number[]>();

  constructor(
    private readonly clock: Clock,
    private readonly perSecond: number,
  ) {}

  /** How many may go now. */
  room(app: string): number {
    const now = this.clock.monotonic();
    const gone = (this.#gone.get(app) ?? []).filter(at => at > now - SECOND_MS);
    this.#gone.set(app, gone);
    const lately = gone.filter(at => at > now - SECOND_MS / PARTS).length;
    return Math.max(0, Math.min(this.perSecond - gone.length, Math.ceil(this.perSecond / PARTS) - lately));
  }

  went(app: string, count: number): void {
    const now = this.clock.monotonic();
    const gone = this.#gone.get(app) ?? [];
    for (let i = 0; i < count; i++) gone.push(now);
    this.#gone.set(app, gone);
  }
}
