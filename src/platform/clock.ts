/**
 * The one source of time. `now` is wall-clock (ms since the epoch) and may jump; `monotonic` (ms) never goes back and is
 * what a machine measures itself with. Where machines must agree, Redis `TIME` is used instead (store/redis).
 */
export interface Clock {
  now(): number;
  monotonic(): number;
  /** Calls `fn` once after `ms`, never earlier by `monotonic`; returns the function that cancels it. Never keeps the process alive on its own. */
  after(ms: number, fn: () => void): () => void;
}

const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const due = performance.now() + ms;
    let timer: NodeJS.Timeout;
    // A timer of Node fires at once beyond its most, and up to a millisecond early: what is due only then would be found not to be, and not be looked at again.
    const wait = (left: number) => {
      timer = setTimeout(again, Math.min(Math.ceil(left), LONGEST_MS));
      timer.unref();
    };
    const again = () => {
      const left = due - performance.now();
      if (left > 0) wait(left);
      else fn();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
