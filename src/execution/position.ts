import type { JobDefinition } from '../author/job.js';
import { checkAgainst, describeFaults } from '../author/schema.js';
import type { Envelope } from '../model/run.js';
import { checkSize, encodeState, WARN_BYTES } from '../model/state-codec.js';
import type { Clock } from '../platform/clock.js';
import { formatDuration } from '../platform/duration.js';
import { SlackwaterError } from '../platform/errors.js';
import { decodeCursors, encodeCursors, type Scope } from './cursors.js';

/** A state is serialised no sooner than this (ms) after the last time … */
const REST = 5;
/** … and than this many times what it costs: 1 % of a run at most. */
const COSTS = 100;

/** Where a run stands: the author's state and the library's cursors, always written together. */
export class Position {
  readonly cursors: Scope;
  /** Of the monotonic clock. */
  serialisedAt = Number.NEGATIVE_INFINITY;
  restMs = REST;
  /** Of the last time, ms. */
  #costMs: number;
  #text: string | null;
  #version: number | null;
  #offered: unknown;
  /** `#offered` is newer than `#text`. */
  #newer = false;
  #last: Envelope;
  #warned = false;

  constructor(
    readonly job: JobDefinition,
    saved: Envelope | null,
    readonly options: { clock: Clock; limit: number; warn(message: string): void },
  ) {
    this.#text = saved?.state ?? null;
    this.#version = saved?.version ?? null;
    this.#last = saved ?? { state: null, version: null, cursors: null };
    this.cursors = decodeCursors(saved?.cursors ?? null);
    // What the first time costs is that of code that never ran before: it puts off the next save by no more than a save's interval.
    this.#costMs = (job.checkpoint?.everyMs ?? 0) / COSTS;
  }

  /** The author has given a state, now or in an earlier start. */
  get hasState(): boolean {
    return this.#newer || this.#text !== null;
  }

  /** Takes the author's word for where the run stands, by reference. */
  offer(state: unknown): void {
    this.#offered = state;
    this.#newer = true;
  }

  isDue(now: number): boolean {
    return now - this.serialisedAt >= this.restMs;
  }

  /** @throws SlackwaterError `bad-state`, `too-large`. */
  serialise(): Envelope {
    const { clock, limit } = this.options;
    const begun = clock.monotonic();
    if (this.#newer) this.#serialiseState();
    const cursors = encodeCursors(this.cursors);
    if (cursors) checkSize(cursors, limit, this.job.name, 'the cursors');
    this.serialisedAt = clock.monotonic();
    const costMs = this.serialisedAt - begun;
    // The lesser of two: one that was interrupted, by a collection of garbage or by another process, would keep the run from being saved for seconds.
    this.restMs = Math.max(REST, COSTS * Math.min(costMs, this.#costMs));
    this.#costMs = costMs;
    this.#last = { state: this.#text, version: this.#version, cursors };
    return this.#last;
  }

  /**
   * For a place within an item, where the author may be half-way through changing what was offered before it: not newer than the last
   * serialisation, but whole.
   */
  serialiseWhole(): Envelope {
    return this.#newer ? this.#last : this.serialise();
  }

  #serialiseState(): void {
    const { name, checkpoint } = this.job;
    const { schema, version } = checkpoint!;
    const text = encodeState(this.#offered);
    const checked = checkAgainst(schema, this.#offered);
    if (!checked.ok) {
      throw new SlackwaterError(
        'bad-state',
        `the state offered by job "${name}" does not fit its checkpoint.schema: ${describeFaults(checked.errors)}`,
        checked.errors,
      );
    }
    const bytes = checkSize(text, this.options.limit, name);
    this.#text = text;
    this.#version = version;
    this.#newer = false;
    if (bytes >= WARN_BYTES && !this.#warned) this.#warn(bytes);
  }

  #warn(bytes: number): void {
    this.#warned = true;
    const { limit } = this.options;
    const every = formatDuration(this.job.checkpoint!.everyMs);
    this.options.warn(
      `the state of job "${this.job.name}" has ${bytes.toLocaleString('en')} bytes, saved every ${every}; the limit is ${limit.toLocaleString('en')}. Keep large data elsewhere and a reference to it in the state`,
    );
  }
}

export const isNothing = ({ state, cursors }: Envelope): boolean => state === null && cursors === null;
