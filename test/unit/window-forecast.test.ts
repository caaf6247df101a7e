import { expect, test } from 'vitest';
import { bucketOf } from '../../src/model/histogram.js';
import type { Blocker, HostAppStatus } from '../../src/model/intent.js';
import { type Paces, timesIn } from '../../src/model/paces.js';
import { forecastOf } from '../../src/window/forecast.js';

const paces: Paces = new Map();
timesIn(paces, 'fast').checkpoint.add(bucketOf(10), 100);
timesIn(paces, 'slow').checkpoint.add(bucketOf(5_000), 1);
timesIn(paces, 'whole').end.add(bucketOf(60_000), 1);

const blocker = (job: string, estimateMs: number | null, stoppable = true): Blocker => ({
  run: 'r',
  job,
  lastCheckpointAt: null,
  stoppable,
  estimateMs,
});
const forecast = (running: number, ...blockers: Blocker[]) =>
  forecastOf([{ running, blockers } as unknown as HostAppStatus], paces, 600_000);

test('a drain takes no time where nothing runs', () => {
  expect(forecast(0)).toEqual({ drainMs: null, p50Ms: 0, p99Ms: 0, comingInMs: null });
});

test('a drain over one slow run takes half of its step as often as not, and nearly all of it at times', () => {
  const { drainMs, p50Ms, p99Ms, comingInMs } = forecast(1_000, blocker('slow', 3_000), blocker('fast', 10));
  expect([drainMs, comingInMs]).toEqual([3_000, 3_000]);
  expect(p50Ms).toBeGreaterThan(2_000);
  expect(p50Ms).toBeLessThan(4_000);
  expect(p99Ms).toBeGreaterThan(p50Ms!);
});

test('runs that a host does not name count like the last one that it does', () => {
  expect(forecast(1_000, blocker('slow', 3_000)).p50Ms).toBeGreaterThan(
    forecast(1, blocker('slow', 3_000)).p50Ms!,
  );
});

test('one that cannot stop counts with its end', () => {
  expect(forecast(1, blocker('whole', 50_000, false)).p50Ms).toBeGreaterThan(20_000);
});

test('nothing can be told where a job has no history', () => {
  expect(forecast(2, blocker('fast', 10), blocker('new', null))).toMatchObject({ p50Ms: null, p99Ms: null });
});
