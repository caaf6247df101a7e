import type { RunRecord } from '../model/intent.js';
import type { RunEnd } from '../model/run.js';
import { NO_RECORD } from '../model/window-defaults.js';
import type { Clock } from '../platform/clock.js';
import type { Store } from '../store/redis.js';
import { countEnds } from '../store/run-records.js';
import type { TroubleWatch } from '../store/trouble-watch.js';

/** How long ends are gathered before they are written together, ms. */
const GATHER_MS = 300;

/** Counts how runs end on each release, for the watch that judges a new one by the record of the old one. */
export class EndCounts {
  #counts = new Map<string, RunRecord>();
  #cancel: (() => void) | null = null;

  constructor(
    private readonly app: string,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly trouble: TroubleWatch,
  ) {}

  ended(release: string, end: RunEnd['kind']): void {
    if (end === 'completed' || end === 'failed' || end === 'parked') this.#count(release, end);
  }

  /** A worker died that was not told to. */
  crashed(release: string): void {
    this.#count(release, 'crashes');
  }

  #count(release: string, field: keyof RunRecord): void {
    const counts = this.#counts.get(release) ?? { ...NO_RECORD };
    counts[field]++;
    this.#counts.set(release, counts);
    this.#cancel ??= this.clock.after(GATHER_MS, () => void this.flush());
  }

  /** Writes what has been gathered. What cannot be written is not kept: these are figures. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const counts = this.#counts;
    this.#counts = new Map();
    for (const [release, ends] of counts)
      await countEnds(this.store, this.app, release, ends).catch(error =>
        this.trouble.failed(error, 'how runs ended could not be counted'),
      );
  }
}
