/**
 * The one source of time. `now` is wall-clock (ms since the epoch) and may jump; `monotonic` (ms) never goes back and is
 * what a machine measures itself with. Where machines must agree, Redis `TIME` is used instead (store/redis).
 */
export interface Clock {
  now(): number;
  monotonic(): number;
  /** Calls `fn` once after `ms`; returns the function that cancels it. Never keeps the process alive on its own. */
  after(ms: number, fn: () => void): () => void;
}

const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout;
    // A timer of Node longer than its most fires at once.
    const wait = (left: number) => {
      timer = setTimeout(
        () => (left > LONGEST_MS ? wait(left - LONGEST_MS) : fn()),
        Math.min(left, LONGEST_MS),
      );
      timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
