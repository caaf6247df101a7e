import type { AbortReason } from '../model/run.js';
import type { Clock } from '../platform/clock.js';
import { Aborted } from './stops.js';

/** What the store answers to a fence that is not the newest. */
export const isTakenOver = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === 'conflict';

/** What the host may ask of a run: to yield soon, or to stop at once. And how the run waits without missing that. */
export abstract class Stoppable {
  readonly #abort = new AbortController();
  readonly #abortListeners = new Set<(reason: Aborted) => void>();
  readonly #drainListeners = new Set<() => void>();
  /** Of the monotonic clock. */
  drainingSince: number;
  aborted: Aborted | null = null;

  constructor(
    readonly clock: Clock,
    public draining: boolean,
  ) {
    this.drainingSince = clock.monotonic();
  }

  /** Something changed that a call on `ctx` has to look at. */
  abstract leaveShortWay(): void;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  drain(on: boolean): void {
    if (this.draining === on) return;
    this.draining = on;
    this.drainingSince = this.clock.monotonic();
    this.leaveShortWay();
    if (!on) return;
    for (const listener of [...this.#drainListeners]) listener();
  }

  abort(reason: AbortReason): void {
    if (this.aborted) return;
    this.aborted = new Aborted(reason);
    this.leaveShortWay();
    this.#abort.abort(this.aborted);
    for (const listener of [...this.#abortListeners]) listener(this.aborted);
  }

  /** Waits for the host to have a result; given up only when nothing of this start counts any more. */
  async stored<T>(promise: Promise<T>): Promise<T> {
    try {
      return await this.#unless(promise, ({ code }) => code === 'forced' || code === 'fenced');
    } catch (error) {
      if (isTakenOver(error)) this.abort('fenced');
      throw this.aborted ?? error;
    }
  }

  untilAborted<T>(promise: Promise<T>): Promise<T> {
    return this.#unless(promise, () => true);
  }

  #unless<T>(promise: Promise<T>, isReason: (reason: Aborted) => boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.onAbort(reason => isReason(reason) && reject(reason));
      promise.then(resolve, reject).finally(stop);
    });
  }

  /** Calls at once if it has happened. @returns what stops listening. */
  onAbort(fn: (reason: Aborted) => void): () => void {
    if (this.aborted) fn(this.aborted);
    this.#abortListeners.add(fn);
    return () => this.#abortListeners.delete(fn);
  }

  /** Calls each time that draining begins. @returns what stops listening. */
  onDrain(fn: () => void): () => void {
    this.#drainListeners.add(fn);
    return () => this.#drainListeners.delete(fn);
  }
}
