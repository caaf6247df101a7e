import type { Progress } from '../model/run.js';
import type { Clock } from '../platform/clock.js';
import { SlackwaterError } from '../platform/errors.js';

const EVERY = 250;

/** At most four a second go out; the last one always does. */
export class RunProgress {
  #pending: Progress | null = null;
  #sentAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | null = null;

  constructor(
    readonly send: (progress: Progress) => void,
    readonly clock: Clock,
  ) {}

  report(done: number, total?: number | null, note?: string | null): void {
    if (!Number.isFinite(done) || (total != null && !Number.isFinite(total)))
      throw new SlackwaterError(
        'bad-request',
        `ctx.progress takes numbers: progress(done, total?, note?), not ${done} of ${total}`,
      );
    this.#pending = { done, total: total ?? null, note: note ?? null };
    if (this.#cancelTimer) return;
    const wait = EVERY - (this.clock.monotonic() - this.#sentAt);
    if (wait <= 0) this.flush();
    else this.#cancelTimer = this.clock.after(wait, () => this.flush());
  }

  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (!this.#pending) return;
    this.#sentAt = this.clock.monotonic();
    this.send(this.#pending);
    this.#pending = null;
  }
}
