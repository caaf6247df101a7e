import { type Clock, systemClock } from '../platform/clock.js';
import { formatDuration } from '../platform/duration.js';
import { SlackwaterError } from '../platform/errors.js';
import type { Logger } from '../platform/logger.js';
import { Seldom } from '../platform/seldom.js';
import type { Store } from './redis.js';
import { type Trouble, troubleOf } from './trouble.js';
import { tryWrite } from './try-write.js';

/** While Redis is in trouble it is tried so often, ms. A connection that only makes itself anew is back before that, and is not told. */
const LOOK_EVERY_MS = 1_000;
/** A trouble is over when for so long each look was well and nothing failed, ms: at the edge of full, one write in two is taken. */
const CALM_MS = 5_000;
/** What others hear of a Redis that is away, while our own connection has it, is told if it lasts longer than a connection needs to make itself anew, ms. */
const AWAY_MS = 3_000;
/** The same fault, or the same trouble come again, is told after so long, ms. */
const AGAIN_AFTER_MS = 60_000;

/** What a trouble of Redis means for whoever writes this log: what goes on, what waits. */
export interface Meaning {
  /** Its memory is full. */
  full: string;
  /** It is away, or takes no writes for another reason. */
  others: string;
}

/**
 * What failed, for the log. A trouble of Redis is told once, however many acts it stops, and once more when Redis takes writes again: that is tried,
 * for an act that succeeds proves little (with a full memory many do). One that comes and goes is told once a minute, with how often it came. A
 * fault of ours comes with its stack, once a minute at most.
 */
export class TroubleWatch {
  /** Since when Redis is in trouble, and since when it seems to be over, by the monotonic clock. */
  #since: number | null = null;
  #calmSince: number | null = null;
  /** What there was of this trouble, and whether it was told. */
  readonly #met = new Map<Trouble['kind'], boolean>();
  readonly #seldom: Seldom;
  #stopped = false;

  constructor(
    private readonly store: Store,
    private readonly log: Logger,
    private readonly meaning: Meaning,
    private readonly clock: Clock = systemClock,
  ) {
    this.#seldom = new Seldom(clock, AGAIN_AFTER_MS);
    store.redis.on('reconnecting', () => this.#begin());
  }

  /** @param doing what could not be done, and what comes of that. */
  failed(error: unknown, doing: string, fields: Record<string, unknown> = {}): void {
    const trouble = troubleOf(error);
    if (!trouble) return this.#fault(error, doing, fields);
    this.log.debug({ err: error, ...fields }, doing);
    if (this.#stopped) return;
    this.#calmSince = null;
    const since = this.#begin();
    // A connection on a replica closes again and again: that it is away says nothing new then.
    const lasts = this.#met.size === 0 && this.clock.monotonic() - since >= AWAY_MS;
    if (trouble.kind !== 'away' || lasts) this.#tell(trouble);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** @returns since when there is trouble. */
  #begin(): number {
    if (this.#since === null) {
      this.#since = this.clock.monotonic();
      this.#lookSoon();
    }
    return this.#since;
  }

  #lookSoon(): void {
    this.clock.after(LOOK_EVERY_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const trouble = this.#stopped ? null : await this.#present();
    if (this.#stopped || this.#since === null) return;
    const now = this.clock.monotonic();
    if (trouble) {
      this.#calmSince = null;
      this.#tell(trouble);
    } else this.#calmSince ??= now;
    if (this.#calmSince === null || now - this.#calmSince < CALM_MS) return this.#lookSoon();
    this.#over(this.#calmSince - this.#since);
  }

  #over(afterMs: number): void {
    const told = [...this.#met.values()].includes(true);
    if (told) this.log.warn(`Redis takes writes again, after ${formatDuration(afterMs)}`);
    for (const [kind, told] of this.#met) if (!told) this.#seldom.count(kind);
    this.#met.clear();
    this.#since = null;
    this.#calmSince = null;
  }

  async #present(): Promise<Trouble | null> {
    const { redis, keys } = this.store;
    if (redis.status !== 'ready') return troubleOf(new Error('Connection is closed.'));
    return tryWrite(redis, keys).then(() => null, troubleOf);
  }

  #tell({ kind, fault }: Trouble): void {
    if (this.#met.get(kind)) return;
    const due = this.#seldom.isDue(kind);
    this.#met.set(kind, due);
    if (!due) return;
    const means = kind === 'full' ? this.meaning.full : this.meaning.others;
    this.log.warn(`${fault}${this.#seldom.say(kind)}. Meanwhile ${means}`);
  }

  #fault(error: unknown, doing: string, fields: Record<string, unknown>): void {
    const known = error instanceof SlackwaterError && error.code !== 'internal';
    const text = known ? `${doing}: ${error.message}` : doing;
    const key = `${text}\n${error}`;
    if (!this.#seldom.isDue(key)) {
      this.#seldom.count(key);
      return this.log.debug({ err: error, ...fields }, doing);
    }
    const often = this.#seldom.say(key);
    if (known) this.log.warn(fields, `${text}${often}`);
    else this.log.error({ err: error, ...fields }, `${text}${often}`);
  }
}
