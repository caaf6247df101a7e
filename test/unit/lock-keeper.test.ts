import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LockKeeper } from '../../src/host/lock-keeper.js';
import type { Slot } from '../../src/host/slot.js';
import type { Consumer } from '../../src/queue/consumer.js';
import type { TroubleWatch } from '../../src/store/trouble-watch.js';

const LOCK = 10_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A worker whose watchdog looks every 50 ms, and a Redis that can be away: what is sent then is answered when it is back. */
async function keeper() {
  let redis: Promise<void> | null = null;
  let deadline = 0n;
  const seen = { deaths: 0, starts: 0 };
  const consumer = { queue: 'q', renew: () => Promise.resolve(redis).then(() => []) } as unknown as Consumer;
  const grant = (until: bigint) => {
    deadline = until;
  };
  const slot = { grant } as unknown as Slot;
  const start = () => {
    if (process.hrtime.bigint() > locks.deadline() || deadline !== 0n) return;
    seen.starts++;
    deadline = locks.deadline();
  };
  const locks = new LockKeeper({
    lockMs: LOCK,
    consumers: () => [consumer],
    // Without runs it has no deadline.
    slots: () => (deadline === 0n ? [] : [slot]),
    onRenewed: start,
    onLost: () => {},
    trouble: { failed: (error: unknown) => expect.fail(String(error)) } as unknown as TroubleWatch,
  });
  const watchdog = setInterval(() => {
    if (deadline === 0n || process.hrtime.bigint() <= deadline) return;
    seen.deaths++;
    deadline = 0n;
  }, 50);
  await locks.start();
  start();
  return {
    seen,
    async away(ms: number) {
      let back!: () => void;
      redis = new Promise(resolve => {
        back = resolve;
      });
      await vi.advanceTimersByTimeAsync(ms);
      redis = null;
      back();
    },
    async stop() {
      clearInterval(watchdog);
      await locks.stop();
    },
  };
}

// A renewal was under way all the time, and is answered with much, little or nothing left of what it gives.
test.each([8_000, 9_500, 10_500, 11_000, 11_400, 12_000, 20_000])(
  'after %d ms without Redis no worker dies once more for an answer that was long on its way',
  async awayMs => {
    const { seen, away, stop } = await keeper();
    await vi.advanceTimersByTimeAsync(LOCK);
    await away(awayMs);
    const { deaths } = seen;
    expect(deaths).toBeLessThanOrEqual(1);
    await vi.advanceTimersByTimeAsync(3 * LOCK);
    expect(seen).toEqual({ deaths, starts: deaths + 1 });
    await stop();
  },
);
