import { expect, test } from 'vitest';
import { Pace } from '../../src/host/pace.js';
import { SharedPace } from '../../src/host/shared-pace.js';
import { boundOf, bucketOf } from '../../src/model/histogram.js';
import { readPaces } from '../../src/store/paces.js';
import { useStore } from '../support/store.js';

const NOW = Date.UTC(2026, 5, 1);
const DAY_MS = 24 * 3_600_000;
const bound = (ms: number) => boundOf(bucketOf(ms));

function hostOf(store: ReturnType<typeof useStore>, at = NOW) {
  const pace = new Pace(() => at);
  return { pace, shared: new SharedPace(store, 'billing', pace, () => at) };
}

test('a fresh host knows what the others have learned, of each app apart', async () => {
  const store = useStore();
  const [one, two, fresh] = [hostOf(store), hostOf(store), hostOf(store)];
  one.pace.passed('steps', { count: 10, ms: 90, longest: 9 });
  two.pace.passed('steps', { count: 1, ms: 5_000, longest: 5_000 });
  two.pace.ended('steps', 60_000);
  await Promise.all([one.shared.share(), two.shared.share()]);
  await fresh.shared.share();

  expect(fresh.pace.usualGap('steps')).toBe(bound(5_000));
  expect(fresh.pace.usualEnd('steps', 0)).toBe(bound(60_000));
  expect(fresh.pace.timesOf('steps')!.checkpoint.quantile(0.5)).toBe(bound(9));
  expect(await readPaces(store, 'other', NOW)).toEqual(new Map());
});

test('what was seen is written once, and what is not written yet is known all the same', async () => {
  const store = useStore();
  const { pace, shared } = hostOf(store);
  pace.ended('a', 1_000);
  await shared.share();
  pace.ended('a', 1_000);
  const before = await store.redis.hgetall(store.keys.paces('billing'));
  pace.replace(await readPaces(store, 'billing', NOW));
  expect(pace.usualEnd('a', 0)).toBe(bound(1_000));
  await shared.share();
  await shared.share();
  const after = await store.redis.hgetall(store.keys.paces('billing'));
  const [field] = Object.keys(before);
  expect(Number(after[field!])).toBeCloseTo(2 * Number(before[field!]), 5);
});

test('jobs that have not run for most of a year are forgotten', async () => {
  const store = useStore();
  const then = hostOf(store, NOW - 320 * DAY_MS);
  then.pace.ended('gone', 1_000);
  await then.shared.share();
  const lately = hostOf(store, NOW - 200 * DAY_MS);
  lately.pace.ended('kept', 1_000);
  await lately.shared.share();
  expect([...(await readPaces(store, 'billing', NOW)).keys()]).toEqual(['kept']);
  expect(Object.keys(await store.redis.hgetall(store.keys.paces('billing')))).toHaveLength(1);
});
