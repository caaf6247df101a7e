import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

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

test('a timer that Node fires a little early waits for its time', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let now = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const fired = vi.fn();
  systemClock.after(100, fired);
  now += 99.4;
  vi.advanceTimersByTime(100);
  expect(fired).not.toHaveBeenCalled();
  now += 0.6;
  vi.advanceTimersByTime(1);
  expect(fired).toHaveBeenCalledOnce();
});
