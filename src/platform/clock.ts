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

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
