import { atMost } from '../platform/at-most.js';
import { type Clock, systemClock } from '../platform/clock.js';
import type { Service } from '../platform/service.js';
import { type Holder, holderOf, type Lease } from './lease.js';

/** The net below what calls for a look, ms. */
const NET_EVERY_MS = 1_000;
/** How long `stop` waits for a look that hangs on an absent Redis, ms. */
const STOP_WITHIN_MS = 2_000;

export interface LeaseLoopOptions {
  lease: Pick<Lease, 'owner' | 'term' | 'held' | 'onChange'>;
  /** What tells that something changed. A hint: some never come, some come twice. */
  watch: (onChange: () => void) => Service;
  /** One look, while the lease is held. @returns after how long it wants to look again, ms; what lies beyond the net is left to it. */
  look: (holder: Holder) => Promise<number>;
  /** What the net does before its look, whoever holds the lease. */
  sweep?: () => Promise<void>;
  clock?: Clock;
  /** Hears of what failed. The next look comes all the same. */
  onTrouble: (error: unknown) => void;
}

export interface LeaseLoop extends Service {
  /** Started, and not stopped: for a look that has many things to do. */
  readonly running: boolean;
  /** Does this; where it fails that is told, unless the loop was stopped, and what comes after it goes on. */
  attempt(act: () => Promise<unknown>): Promise<void>;
}

/**
 * What the holder of the lease does again and again: it looks when it has got the lease, when something changed, when the last look said so, and once a second in any case. Never two
 * looks at a time: what calls for one during another gets one after it. Whatever a look keeps for the next one is only a copy: the next one may be somebody else's.
 */
export function leaseLoop(options: LeaseLoopOptions): LeaseLoop {
  const { lease, look, sweep, clock = systemClock, onTrouble } = options;
  const changes = options.watch(wake);
  let running = false;
  let wanted = false;
  let looking: Promise<void> | undefined;
  let cancelNet = () => {};
  let cancelDue = () => {};
  let endLease = () => {};

  function wake(): void {
    wanted = true;
    if (running) looking ??= lookWhileWanted();
  }

  async function lookWhileWanted(): Promise<void> {
    while (running && wanted) {
      wanted = false;
      await attempt(lookOnce);
    }
    looking = undefined;
  }

  async function lookOnce(): Promise<void> {
    const holder = holderOf(lease);
    if (!holder) return;
    const dueMs = await look(holder);
    cancelDue();
    if (running && dueMs < NET_EVERY_MS) cancelDue = clock.after(dueMs, wake);
  }

  function spreadNet(): void {
    cancelNet = clock.after(NET_EVERY_MS, async () => {
      if (sweep) await attempt(sweep);
      wake();
      if (running) spreadNet();
    });
  }

  async function attempt(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (running) onTrouble(error);
    }
  }

  return {
    get running() {
      return running;
    },
    attempt,
    async start() {
      if (running) return;
      running = true;
      endLease = lease.onChange(held => held && wake());
      await changes.start();
      spreadNet();
      wake();
    },
    async stop() {
      if (!running) return;
      running = false;
      cancelNet();
      cancelDue();
      endLease();
      await changes.stop();
      if (looking) await atMost(STOP_WITHIN_MS, looking);
    },
  };
}
