import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allOverWithin, boundOf, bucketOf, Histogram, weightAt } from '../../src/model/histogram.js';

const DAY_MS = 24 * 3_600_000;
const NOW = Date.UTC(2026, 5, 1);

/** Of times in ms, each as often as it is given. */
function histogramOf(times: number[], at = NOW): Histogram {
  const histogram = new Histogram();
  for (const ms of times) histogram.add(bucketOf(ms), weightAt(at));
  return histogram;
}
const repeated = (ms: number, count: number): number[] => Array.from({ length: count }, () => ms);
const times = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('a bucket', () => {
  test.each([
    [0, 0],
    [0.99, 0],
    [1, 1],
    [2, 5],
    [1_000, 40],
    [1e15, 140],
  ])('of %d ms is %i', (ms, bucket) => {
    expect(bucketOf(ms)).toBe(bucket);
  });

  test('has a bound that is never below and less than a fifth above what is in it', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 3e10, noNaN: true }), ms => {
        const bound = boundOf(bucketOf(ms));
        expect(bound).toBeGreaterThanOrEqual(ms * (1 - 1e-9));
        expect(bound).toBeLessThanOrEqual(ms * 1.2);
      }),
    );
  });
});

describe('a histogram', () => {
  test('tells a quantile as the bound of its bucket', () => {
    const all = histogramOf([...repeated(10, 90), ...repeated(5_000, 10)]);
    expect(all.quantile(0.5)).toBe(boundOf(bucketOf(10)));
    expect(all.quantile(0.89)).toBe(boundOf(bucketOf(10)));
    expect(all.quantile(0.95)).toBe(boundOf(bucketOf(5_000)));
  });

  test('tells a quantile of what took longer than has passed already', () => {
    const all = histogramOf([...repeated(10, 90), ...repeated(5_000, 10)]);
    expect(all.quantile(0.5, 100)).toBe(boundOf(bucketOf(5_000)));
    expect(all.quantile(0.5, 10_000)).toBeNull();
  });

  test('knows nothing when it is empty', () => {
    const none = new Histogram();
    expect(none.isEmpty).toBe(true);
    expect(none.quantile(0.9)).toBeNull();
    expect(none.overWithin(1_000)).toBe(0);
  });

  test('does not take one step of 5 s in a hundred of 10 ms for steps of 60 ms', () => {
    const steps = histogramOf([...repeated(10, 99), 5_000]);
    expect(steps.quantile(0.5)).toBeLessThan(13);
    expect(steps.byTime().quantile(0.5)).toBeGreaterThanOrEqual(5_000);
    // Five sixths of the time is in the long step: half of all moments have more than 2 s to go.
    expect(steps.overWithin(2_000)).toBeLessThan(0.55);
    expect(steps.overWithin(6_000)).toBeGreaterThan(0.99);
  });

  test('lets what was seen 30 days earlier count half', () => {
    const all = histogramOf(repeated(1_000, 2), NOW - 30 * DAY_MS);
    all.merge(histogramOf([10], NOW));
    expect(all.quantile(0.49)).toBe(boundOf(bucketOf(10)));
    expect(all.quantile(0.51)).toBe(boundOf(bucketOf(1_000)));
    all.merge(histogramOf(repeated(10, 3), NOW));
    expect(all.quantile(0.79)).toBe(boundOf(bucketOf(10)));
  });

  test('passes over what is no bucket or no weight', () => {
    const all = new Histogram();
    for (const [bucket, weight] of [
      [-1, 1],
      [141, 1],
      [1.5, 0],
      [3, Number.NaN],
      [Number.NaN, 1],
    ] as const)
      all.add(bucket, weight);
    expect(all.isEmpty).toBe(true);
  });

  test('is the same whoever adds first', () => {
    fc.assert(
      fc.property(times, times, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, q) => {
        const [left, right] = [histogramOf(a), histogramOf(b)];
        left.merge(histogramOf(b));
        right.merge(histogramOf(a));
        expect(left.quantile(q)).toBe(right.quantile(q));
      }),
    );
  });

  test('has quantiles that rise, and lie among what was seen', () => {
    fc.assert(
      fc.property(times, all => {
        const histogram = histogramOf(all);
        const asked = [0, 0.1, 0.5, 0.9, 0.99, 1].map(q => histogram.quantile(q)!);
        expect(asked).toEqual([...asked].sort((a, b) => a - b));
        expect(asked[0]!).toBeGreaterThanOrEqual(boundOf(bucketOf(Math.min(...all))));
        expect(asked.at(-1)!).toBeLessThanOrEqual(boundOf(bucketOf(Math.max(...all))));
      }),
    );
  });
});

describe('several things at once', () => {
  const fast = histogramOf(repeated(10, 100));
  const slow = histogramOf(repeated(5_000, 100));

  test('are over when the slowest is', () => {
    const ms = allOverWithin(
      [
        { times: fast, count: 1_000 },
        { times: slow, count: 1 },
      ],
      0.5,
    )!;
    expect(ms).toBeGreaterThan(2_000);
    expect(ms).toBeLessThan(4_000);
  });

  test('take the longer the more they are', () => {
    const of = (count: number) => allOverWithin([{ times: slow, count }], 0.5)!;
    expect(of(10)).toBeGreaterThan(of(1));
    expect(of(100)).toBeGreaterThanOrEqual(of(10));
    expect(of(100)).toBeLessThanOrEqual(boundOf(bucketOf(5_000)));
  });

  test('cannot be told where one has no history; none take no time', () => {
    expect(
      allOverWithin(
        [
          { times: fast, count: 1 },
          { times: new Histogram(), count: 1 },
        ],
        0.5,
      ),
    ).toBeNull();
    expect(allOverWithin([], 0.5)).toBe(0);
  });
});
