import { expect, it } from 'vitest';
import { holdLease, type LeaseRecord } from '../../src/store/lease.js';
import { FakeClock } from '../../src/testing/fake-clock.js';

/** Its timers fire a little before their time, as those of Node do. */
class EarlyClock extends FakeClock {
  override after(ms: number, fn: () => void): () => void {
    return super.after(Math.max(0.1, ms - 1.2), fn);
  }
}

it('tells its holder once that it is over, also where the timer fires a little early', async () => {
  const clock = new EarlyClock(0);
  const answers = [Promise.resolve({ won: true, term: 1 })];
  // The second attempt and those after it get no answer any more.
  const record: LeaseRecord = {
    acquire: () => answers.pop() ?? new Promise(() => {}),
    release: async () => {},
  };
  const lease = holdLease(record, { owner: 'a', ttlMs: 300, clock });
  const told: boolean[] = [];
  lease.onChange(held => told.push(held));
  await lease.start();
  clock.advance(301);
  expect([lease.held(), told]).toEqual([false, [true, false]]);
});
