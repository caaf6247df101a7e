import { type Clock, systemClock } from '../platform/clock.js';
import type { Service } from '../platform/service.js';
import type { Lease } from '../store/lease.js';
import type { ControlPlane, Holder } from './control-plane.js';
import { LIMITS, type Limits } from './facts.js';
import { type EngineEvent, Steps, type Tasks } from './steps.js';

/** The net below the notifications, ms. */
const LOOK_EVERY_MS = 1_000;
/** How long `stop` waits for a look that hangs on an absent Redis, ms. */
const STOP_WITHIN_MS = 2_000;

export type { EngineEvent };

export interface EngineOptions {
  lease: Pick<Lease, 'owner' | 'term' | 'held' | 'onChange'>;
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
 * whoever holds the lease next. It looks when something changed, when a deadline is
 * reached, and once a second in any case. Whether it holds the lease or not, it sweeps.
 */
export function createEngine(plane: ControlPlane, options: EngineOptions): Service {
  const { lease, limits = LIMITS, clock = systemClock, onEvent = () => {}, onLook } = options;
  const steps = new Steps(plane, limits, clock, onEvent, options.tasks);
  const control = plane.watch(() => look());
  let running = false;
  let wanted = false;
  let looking: Promise<void> | undefined;
  let cancelTick = () => {};
  let cancelDue = () => {};
  let endChange = () => {};

  function look(): void {
    wanted = true;
    looking ??= lookUntilDone().finally(() => {
      looking = undefined;
    });
  }

  async function lookUntilDone(): Promise<void> {
    while (running && wanted) {
      wanted = false;
      await guarded(lookOnce);
    }
  }

  async function lookOnce(): Promise<void> {
    const holder = holding();
    if (!holder) return;
    let due = LOOK_EVERY_MS;
    // Whatever comes of it, the windows go on.
    await guarded(async () => {
      if (onLook) due = Math.min(due, await onLook(holder));
    });
    const open = await plane.openWindows();
    steps.forgetAllBut(open);
    for (const window of open) if (running) due = Math.min(due, await steps.settle(window, open, holder));
    cancelDue();
    if (due < LOOK_EVERY_MS) cancelDue = clock.after(due, look);
  }

  /** Term and owner of this moment: should the lease change hands under us, what is written by them is refused. */
  const holding = (): Holder | null => (lease.held() ? { owner: lease.owner, term: lease.term } : null);

  async function tick(): Promise<void> {
    await guarded(() => plane.sweep());
    const holder = holding();
    if (holder) await guarded(() => plane.claimIntents(holder));
    look();
  }

  function tickAgain(): void {
    cancelTick = clock.after(LOOK_EVERY_MS, () => void tick().finally(() => running && tickAgain()));
  }

  async function guarded(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (running) onEvent({ type: 'trouble', error });
    }
  }

  return {
    async start() {
      if (running) return;
      running = true;
      endChange = lease.onChange(held => held && look());
      await control.start();
      tickAgain();
      look();
    },
    async stop() {
      if (!running) return;
      running = false;
      cancelTick();
      cancelDue();
      endChange();
      await control.stop();
      await Promise.race([looking, new Promise<void>(resolve => clock.after(STOP_WITHIN_MS, resolve))]);
    },
  };
}
