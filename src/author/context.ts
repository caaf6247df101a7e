import type { Logger } from 'pino';
import type { Duration } from '../platform/duration.js';
import type { AnySchema, InputOf } from './schema.js';

/** What a run is given. Every method may be taken off the object; await every promise it returns. */
export interface Context<Payload = unknown, State = unknown, Offered = State> {
  /** As the payload schema made it. */
  readonly payload: Payload;
  readonly runId: string;
  /** The job's name. */
  readonly job: string;
  /** 1 at first; grows with failures, falls back to 1 when the checkpoint advances. No deploy ever changes it. */
  readonly attempt: number;
  /** ID of the release whose code this is. */
  readonly release: string;
  /** The instant that a schedule fired for, ISO 8601 in UTC; `null` for a run that was asked for. */
  readonly scheduledFor: string | null;
  /** Rises with every start of this run: let outside writes carry it, and refuse those with a lower one. */
  readonly fence: number;
  /** The last checkpoint, as this start found it: upgraded and validated. `undefined` where there is none. */
  readonly state: State | undefined;

  /**
   * Offers a state. As cheap as a function call when nothing is due, so call it after every item. A due state is serialised at the call: it may be changed afterwards.
   * While draining it is saved, and the run yields: the call throws. Do not catch that.
   * Inside the `fn` of `each` the state is kept and saved together with the moved cursor, after `fn`.
   * @throws SlackwaterError `bad-state` (it does not fit the schema or cannot be serialised; the message names the path), `too-large`.
   */
  checkpoint(state: Offered): Promise<void>;
  /** Saves a state now; durable when it resolves. Yields like `checkpoint`. */
  commit(state: Offered): Promise<void>;

  /**
   * Calls `fn` for each item in order, from the saved cursor on. The cursor moves after `fn`; between two items the run may yield.
   * `items`: an array or iterable (kept by position), or pages: a function that takes a cursor (`undefined` first) and gives `{ items, next }`, the last without `next`.
   * Nested and parallel `each` have cursors of their own; name them by `key`. One that has finished is skipped when the run starts again.
   */
  each<Item, Cursor = unknown>(
    items: Iterable<Item> | AsyncIterable<Item> | Pages<Item, Cursor>,
    fn: (item: Item, index: number) => unknown,
    options?: EachOptions<Item, Offered>,
  ): Promise<void>;

  /** Runs `fn` once in the life of the run and keeps its result; afterwards gives that (a copy, of the kinds a state may hold). */
  step<Result>(name: string, fn: () => Result | Promise<Result>): Promise<Result>;
  /**
   * Like `step`, for an effect outside: the intent is recorded before `fn` is called. A crash in between parks the run as *outcome unknown*,
   * unless `idempotent`: then `fn` is called again. An `fn` that throws says that nothing was done: the next attempt calls it again.
   */
  once<Result>(
    key: string,
    fn: () => Result | Promise<Result>,
    options?: { idempotent?: boolean },
  ): Promise<Result>;
  /** Starts another run, once in the life of this one, also while draining. @returns its ID, when it is stored. */
  enqueue<P extends AnySchema>(
    job: { readonly name: string; readonly payload: P | null },
    payload: InputOf<P>,
    options?: EnqueueRunOptions,
  ): Promise<string>;
  enqueue(job: string, payload: unknown, options?: EnqueueRunOptions): Promise<string>;
  /** Waits. While draining the run yields, and waits for the rest when it goes on; a nap that ends within a second is waited out. */
  sleep(duration: Duration): Promise<void>;

  /** Aborted when the run must stop: `signal.reason.code` is `cancelled`, `timeout`, `forced` or `fenced`. */
  readonly signal: AbortSignal;
  /** A deploy waits for this run to yield. */
  readonly draining: boolean;
  /** Calls `fn` once, when draining begins or at once if it has. For code that sits in a long call. */
  onDrain(fn: () => void): void;
  /** Shown in CLI and dashboard; also gives the estimates. Call it as often as you like. */
  progress(done: number, total?: number, note?: string): void;
  /** Its lines are kept with the run. */
  readonly log: Logger;
}

export interface EachOptions<Item = unknown, Offered = unknown> {
  /**
   * A text: the name of this iteration's cursor (default `items`). A function: what identifies an item; the iteration then goes on after
   * the last finished item even if its position has changed.
   */
  key?: string | ((item: Item) => string | number);
  /** Name of the cursor where `key` is a function. */
  name?: string;
  /** The state to save with each move of the cursor, instead of calling `checkpoint` in `fn`. */
  state?: Offered;
}

export type Pages<Item, Cursor = unknown> = (
  // biome-ignore lint/suspicious/noExplicitAny: lets the author write `(cursor?: string) => …`.
  cursor?: any,
) => Page<Item, Cursor> | Promise<Page<Item, Cursor>>;

export interface Page<Item, Cursor = unknown> {
  items: readonly Item[];
  /** Cursor of the next page, of the kinds a state may hold; absent or `null` on the last. */
  next?: Cursor | null;
}

export interface EnqueueRunOptions {
  /** Tells apart two runs of one job with the same payload; default: the payload itself. */
  key?: string;
  /** 0 (first) to 2,097,152. */
  priority?: number;
  delay?: Duration;
  /** At most `limit.perKey` (1) runs of its job with the same key at once; goes before that of the payload. */
  concurrencyKey?: string;
}
