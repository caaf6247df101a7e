import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';

afterEach(() => vi.useRealTimers());

test('a timer of thirty days neither fires at once nor before its time', () => {
  vi.useFakeTimers();
  const fired = vi.fn();
  const days = 24 * 3_600_000;
  systemClock.after(30 * days, fired);
  vi.advanceTimersByTime(30 * days - 1);
  expect(fired).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fired).toHaveBeenCalledOnce();
});

test('a cancelled timer does not fire, however long', () => {
  vi.useFakeTimers();
  const fired = vi.fn();
  const cancel = systemClock.after(2 ** 31 + 5, fired);
  vi.advanceTimersByTime(2 ** 31);
  cancel();
  vi.advanceTimersByTime(1_000);
  expect(fired).not.toHaveBeenCalled();
});
