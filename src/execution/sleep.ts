import { type Duration, parseDuration } from '../platform/duration.js';
import type { Scope } from './cursors.js';
import type { Run } from './run.js';

/** A nap that ends within this time (ms) of the drain is waited out: what was done before it would be repeated. */
const GRACE = 1_000;
/** Longest time that a timer takes. */
const LONGEST = 2 ** 31 - 1;
const OVER = 0;

/** `ctx.sleep`: see `author/context`. The wake-up time is wall-clock, kept with the cursors. */
export async function sleep(run: Run, duration: Duration): Promise<void> {
  const scope = run.enter();
  const ms = parseDuration(duration);
  const order = scope.sleepCalls++;
  const sleeps = scope.sleeps;
  const kept = sleeps[order];
  if (kept === OVER) return;
  const until = kept ?? run.clock.now() + ms;
  sleeps[order] = until;
  run.leaveShortWay();
  // A wall clock that was set back must not make it longer.
  const wakeAt = run.clock.monotonic() + Math.min(ms, Math.max(0, until - run.clock.now()));
  const long = wakeAt - run.clock.monotonic() > GRACE;
  if (long) run.chances.note(run.clock.monotonic());
  if (!run.stopping && long) run.saver.offer(run.placeIn(scope));
  await untilAwake(run, scope, wakeAt);
  if (long) run.chances.skip(run.clock.monotonic() - GRACE);
  // A checkpoint made meanwhile may have begun a new list.
  sleeps[order] = OVER;
}

async function untilAwake(run: Run, scope: Scope, wakeAt: number): Promise<void> {
  for (;;) {
    if (run.aborted) throw run.aborted;
    const left = wakeAt - run.clock.monotonic();
    if (left <= 0) return;
    if (run.yielded || (run.draining && wakeAt > run.drainingSince + GRACE))
      await run.yieldNow(scope, run.placeIn(scope));
    await timerOrNews(run, Math.min(left, LONGEST));
  }
}

function timerOrNews(run: Run, ms: number): Promise<void> {
  return new Promise(resolve => {
    const listening = [run.clock.after(ms, wake), run.onDrain(wake), run.onAbort(wake)];
    function wake() {
      for (const stop of listening) stop();
      resolve();
    }
  });
}
