import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Blocker } from '../../src/model/intent.js';
import { arrivalOf } from '../../src/window/arrival.js';

const NOW = Date.UTC(2025, 0, 1);
const TEN_MINUTES = 600_000;
const blocker = (estimateMs: number | null, stoppable = true): Blocker => ({
  run: 'run-1',
  job: 'a.job',
  lastCheckpointAt: null,
  stoppable,
  estimateMs,
});
const arrivalAfter = (estimates: (number | null)[], running = 1_000, drainMs = TEN_MINUTES) => {
  const arrival = arrivalOf(
    estimates.map(ms => blocker(ms)),
    running,
    NOW,
    NOW + drainMs,
  );
  return arrival === null ? null : arrival - NOW;
};

describe('when the slow runs will have come in', () => {
  test.each([
    ['nothing runs', [], 0],
    ['no run is slow', [500, 10, 10], 1_000],
    ['nothing is known of any', [null, null], 1_000],
    ['all are slow', [5_000, 6_000], 2],
    ['the only one is slow', [5_000], 1],
  ])('is not waited for where %s', (_, estimates, running) => {
    expect(arrivalAfter(estimates, running)).toBeNull();
  });

  test('believes a host that says which are slow', () => {
    const told = [
      { ...blocker(3_000), slow: false },
      { ...blocker(2_000), slow: false },
    ];
    expect(arrivalOf(told, 1_000, NOW, NOW + TEN_MINUTES)).toBeNull();
    const one = [{ ...blocker(30_000), slow: true }, ...told];
    expect(arrivalOf(one, 1_000, NOW, NOW + TEN_MINUTES)).toBe(NOW + 30_000);
  });

  test('is as long as the slowest needs', () => {
    expect(arrivalAfter([5_000, 300_000, 10])).toBe(300_000);
  });

  test('may be until shortly before the deadline where one is unknown or overdue', () => {
    expect(arrivalAfter([null, 5_000, 10])).toBe(TEN_MINUTES - 30_000);
  });

  test('counts a run that cannot stop by its end', () => {
    const arrival = arrivalOf([blocker(60_000, false), blocker(10)], 2, NOW, NOW + TEN_MINUTES);
    expect(arrival).toBe(NOW + 60_000);
  });

  test.each([
    [100_000, 90_000],
    [10_000, 8_000],
    [3_000, 1_000],
    [2_500, null],
    [1_000, null],
    [-1_000, null],
  ])('with a drain of %i ms comes after %i at the latest', (drainMs, latest) => {
    expect(arrivalAfter([3_600_000, 10], 1_000, drainMs)).toBe(latest);
  });

  test('always leaves the others time before the deadline, and is never in the past', () => {
    const estimate = fc.option(fc.integer({ min: 0, max: 10_000_000 }));
    fc.assert(
      fc.property(
        fc.array(estimate, { maxLength: 30 }),
        fc.nat(1_000),
        fc.nat(4_000_000),
        (all, n, drain) => {
          const arrival = arrivalAfter(all, n, drain);
          if (arrival === null) return;
          expect(arrival).toBeGreaterThan(0);
          expect(drain - arrival).toBeGreaterThanOrEqual(2_000 - 1);
        },
      ),
    );
  });
});
