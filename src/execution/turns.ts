import type { Clock } from '../platform/clock.js';

/** The event loop gets a turn at least this often (ms), so that a tight loop hears the drain. */
const TURN_EVERY = 10;

// Process-wide: one turn serves all runs, however many are in tight loops at once.
let last = Number.NEGATIVE_INFINITY;
let coming: Promise<void> | undefined;

/** @param now of the monotonic clock. */
export const isTurnDue = (now: number): boolean => now - last >= TURN_EVERY || now < last;

/** Resolves after the event loop has had its turn. All who ask before that share it. */
export function takeTurn(clock: Clock): Promise<void> {
  coming ??= new Promise(resolve =>
    setImmediate(() => {
      last = clock.monotonic();
      coming = undefined;
      resolve();
    }),
  );
  return coming;
}
