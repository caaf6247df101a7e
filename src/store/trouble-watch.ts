import { type Clock, systemClock } from '../platform/clock.js';
import { formatDuration } from '../platform/duration.js';
import { SlackwaterError } from '../platform/errors.js';
import type { Logger } from '../platform/logger.js';
import type { Store } from './redis.js';
import { type Trouble, troubleOf } from './trouble.js';
import { tryWrite } from './try-write.js';

/** While Redis is in trouble it is tried so often, ms. A connection that only makes itself anew is back before that, and is not told. */
const LOOK_EVERY_MS = 1_000;
/** The same fault is told again after so long, ms. */
const AGAIN_AFTER_MS = 60_000;
const MOST_FAULTS = 100;

/** What a trouble of Redis means for whoever writes this log: what goes on, what waits. */
export interface Meaning {
  /** Its memory is full. */
  full: string;
  /** It is away, or takes no writes for another reason. */
  others: string;
}

/**
 * What failed, for the log. A trouble of Redis is told once, however many acts it stops, and once more when Redis takes writes again: that is tried,
 * for an act that succeeds proves little (with a full memory many do). A fault of ours comes with its stack, once a minute at most.
 */
export class TroubleWatch {
  /** Since when Redis is in trouble, by the monotonic clock, and what of it was told. */
  #since: number | null = null;
  readonly #told = new Set<Trouble['kind']>();
  readonly #faults = new Map<string, { at: number; more: number }>();
  #stopped = false;

  constructor(
    private readonly store: Store,
    private readonly log: Logger,
    private readonly meaning: Meaning,
    private readonly clock: Clock = systemClock,
  ) {
    store.redis.on('reconnecting', () => this.#begin());
  }

  /** @param doing what could not be done, and what comes of that. */
  failed(error: unknown, doing: string, fields: Record<string, unknown> = {}): void {
    const trouble = troubleOf(error);
    if (!trouble) return this.#fault(error, doing, fields);
    this.log.debug({ err: error, ...fields }, doing);
    this.#begin();
    // That it is away is only told when it is not back at the next look.
    if (trouble.kind !== 'away') this.#tell(trouble);
  }

  stop(): void {
    this.#stopped = true;
  }

  #begin(): void {
    if (this.#stopped || this.#since !== null) return;
    this.#since = this.clock.monotonic();
    this.clock.after(LOOK_EVERY_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const trouble = this.#stopped ? null : await this.#present();
    if (this.#stopped || this.#since === null) return;
    if (trouble) {
      this.#tell(trouble);
      this.clock.after(LOOK_EVERY_MS, () => void this.#look());
      return;
    }
    const ms = this.clock.monotonic() - this.#since;
    if (this.#told.size > 0) this.log.warn(`Redis takes writes again, after ${formatDuration(ms)}`);
    this.#told.clear();
    this.#since = null;
  }

  async #present(): Promise<Trouble | null> {
    const { redis, keys } = this.store;
    if (redis.status !== 'ready') return troubleOf(new Error('Connection is closed.'));
    return tryWrite(redis, keys).then(() => null, troubleOf);
  }

  #tell({ kind, fault }: Trouble): void {
    if (this.#stopped || this.#told.has(kind)) return;
    this.#told.add(kind);
    this.log.warn(`${fault}. Meanwhile ${kind === 'full' ? this.meaning.full : this.meaning.others}`);
  }

  #fault(error: unknown, doing: string, fields: Record<string, unknown>): void {
    const known = error instanceof SlackwaterError && error.code !== 'internal';
    const text = known ? `${doing}: ${error.message}` : doing;
    const key = `${text}\n${error}`;
    const now = this.clock.monotonic();
    const before = this.#faults.get(key);
    if (before && now - before.at < AGAIN_AFTER_MS) {
      before.more++;
      return this.log.debug({ err: error, ...fields }, doing);
    }
    if (this.#faults.size >= MOST_FAULTS) this.#faults.clear();
    this.#faults.set(key, { at: now, more: 0 });
    const often = before?.more ? ` (and ${before.more} more times in between)` : '';
    if (known) this.log.warn(fields, `${text}${often}`);
    else this.log.error({ err: error, ...fields }, `${text}${often}`);
  }
}
