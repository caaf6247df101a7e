import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/platform/duration.js';

describe('durations', () => {
  test.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5s', 1_500],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['PT90S', 90_000],
    ['PT1H30M', 5_400_000],
    ['PT0.5S', 500],
    ['P1DT1S', 86_401_000],
    ['P2W', 1_209_600_000],
    [1_500, 1_500],
    ['0s', 0],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', 'soon', '-1s', '1y', 'P', 'PT', 'P1M', 'P1Y', 'PT1', '10 m', Number.NaN, -1])(
    'refuses %s and shows how to write one',
    text => {
      expect(() => parseDuration(text)).toThrow(/write "250ms", "90s", "10m"/);
    },
  );

  test.each(['36526d', 1e16])('refuses %s, since no calendar goes that far', text => {
    expect(() => parseDuration(text)).toThrow(/longer than a century/);
    expect(parseDuration('36525d')).toBe(3_155_760_000_000);
  });

  test.each([
    [0, '0ms'],
    [480, '480ms'],
    [2_340, '2.3s'],
    [42_000, '42s'],
    [250_000, '4m10s'],
    [7_500_000, '2h05m'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
