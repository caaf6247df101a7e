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
  #stopped = false;

  constructor(
    private readonly app: string,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly trouble: TroubleWatch,
  ) {}

  ended(release: string, end: RunEnd['kind']): void {
    if (end === 'completed' || end === 'failed' || end === 'parked')
      this.#count(release, { ...NO_RECORD, [end]: 1 });
  }

  /** A worker died that was not told to. */
  crashed(release: string): void {
    this.#count(release, { ...NO_RECORD, crashes: 1 });
  }

  /** Writes what has been gathered; what is refused now is lost. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#flush();
  }

  #count(release: string, ends: RunRecord): void {
    const { completed, failed, crashes, parked } = this.#counts.get(release) ?? NO_RECORD;
    this.#counts.set(release, {
      completed: completed + ends.completed,
      failed: failed + ends.failed,
      crashes: crashes + ends.crashes,
      parked: parked + ends.parked,
    });
    if (!this.#stopped) this.#cancel ??= this.clock.after(GATHER_MS, () => void this.#flush());
  }

  /** What cannot be written is kept, and tried again with what comes: a watch would take ends that it does not see for a quiet release. */
  async #flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const counts = this.#counts;
    this.#counts = new Map();
    for (const [release, ends] of counts)
      await countEnds(this.store, this.app, release, ends).catch(error => {
        this.trouble.failed(error, 'how runs ended could not be counted');
        this.#count(release, ends);
      });
  }
}
