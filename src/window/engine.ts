import { type Clock, systemClock } from '../platform/clock.js';
import type { Service } from '../platform/service.js';
import { type Holder, holderOf } from '../store/lease.js';
import { type LeaseLoopOptions, leaseLoop } from '../store/lease-loop.js';
import type { ControlPlane } from './control-plane.js';
import { LIMITS, type Limits } from './facts.js';
import { type EngineEvent, Steps, type Tasks } from './steps.js';

export type { EngineEvent };

export interface EngineOptions {
  lease: LeaseLoopOptions['lease'];
  limits?: Limits;
  clock?: Clock;
  /** Left out, hooks and probes are only recorded as begun: for whoever looks at the engine alone. */
  tasks?: Tasks;
  onEvent?: (event: EngineEvent) => void;
  /** What else the holder of the lease has to look after, before the windows. @returns after how long it wants to be asked again, ms. */
  onLook?: (holder: Holder) => Promise<number>;
}

/**
 * The loop over facts: look, decide, write, look again. It keeps nothing between two looks that matters, so a crash anywhere is just another look by
 * whoever holds the lease next. Whether it holds the lease or not, it sweeps.
 */
export function createEngine(plane: ControlPlane, options: EngineOptions): Service {
  const { lease, limits = LIMITS, clock = systemClock, onEvent = () => {}, onLook } = options;
  const steps = new Steps(plane, limits, clock, onEvent, options.tasks);
  const loop = leaseLoop({
    lease,
    clock,
    watch: onChange => plane.watch(onChange),
    look,
    sweep,
    onTrouble: error => onEvent({ type: 'trouble', error }),
  });

  /** @returns when the next deadline is reached, ms from now. */
  async function look(holder: Holder): Promise<number> {
    let due = Number.POSITIVE_INFINITY;
    // Whatever comes of it, the windows go on.
    await loop.attempt(async () => {
      if (onLook) due = await onLook(holder);
    });
    const open = await plane.openWindows();
    steps.forgetAllBut(open);
    for (const window of open)
      if (loop.running) due = Math.min(due, await steps.settle(window, open, holder));
    return due;
  }

  async function sweep(): Promise<void> {
    await loop.attempt(() => plane.sweep());
    const holder = holderOf(lease);
    if (holder) await loop.attempt(() => plane.claimIntents(holder));
  }

  return loop;
}
