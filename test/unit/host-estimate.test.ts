import { describe, expect, test } from 'vitest';
import { blockersOf } from '../../src/host/blockers.js';
import { estimateOf } from '../../src/host/estimate.js';
import { HeldRun } from '../../src/host/held-run.js';
import { Pace } from '../../src/host/pace.js';
import { Stride } from '../../src/host/stride.js';
import type { JobManifest } from '../../src/model/release.js';

const NOW = Date.UTC(2026, 5, 1);
const fast = { count: 25, ms: 250, longest: 20 };
const slow = { count: 1, ms: 5_000, longest: 5_000 };

/** A run of `a.job` that computes since `sinceMs`. */
function runOf(sinceMs: number, checkpointVersion: number | null = 1): HeldRun {
  const claimed = { queue: 'q', jobId: '1', runId: 'q~1', job: 'a.job', payload: '', token: 't' };
  const run = new HeldRun({ ...claimed, attempts: null, scheduledFor: null } as HeldRun['claimed']);
  run.state = 'running';
  run.startedAt = NOW - sinceMs;
  run.stride = new Stride(run.startedAt);
  run.definition = { name: 'a.job', checkpointVersion } as JobManifest;
  return run;
}
const paceOf = (...seen: (typeof fast)[]) => {
  const pace = new Pace(() => NOW);
  for (const chances of seen) pace.passed('a.job', chances);
  return pace;
};
const within = (ms: number, most = 1.2) => [ms, ms * most] as const;
function expectBetween(ms: number | null, [least, most]: readonly [number, number]) {
  expect(ms).toBeGreaterThanOrEqual(least);
  expect(ms).toBeLessThanOrEqual(most);
}

describe('when a run would stop', () => {
  test('is unknown as long as nothing was learned', () => {
    expect(estimateOf(runOf(10), paceOf(), NOW)).toEqual({ leftMs: null, withinMs: null });
    expect(estimateOf(runOf(10, null), paceOf(), NOW)).toEqual({ leftMs: null, withinMs: null });
  });

  test('follows the job for a run that has shown nothing yet, less what has passed', () => {
    const { leftMs, withinMs } = estimateOf(runOf(2_000), paceOf(slow), NOW);
    expectBetween(withinMs, within(5_000));
    expectBetween(leftMs, [3_000, 4_000]);
  });

  test('is not taken from the many short steps where a rare one takes most of the time', () => {
    const pace = paceOf(...Array.from({ length: 4 }, () => fast), slow);
    expectBetween(estimateOf(runOf(10), pace, NOW).withinMs, within(5_000));
  });

  test('follows the run itself once it was watched for long enough', () => {
    const pace = paceOf(slow);
    const run = runOf(30_000);
    for (let at = -29_750; at <= 0; at += 250) run.stride.hear(fast, NOW + at);
    expect(estimateOf(run, pace, NOW)).toEqual({ leftMs: 20, withinMs: 20 });
  });

  test('is not known better for a run that was watched only for a moment', () => {
    const run = runOf(250);
    run.stride.hear(fast, NOW);
    expectBetween(estimateOf(run, paceOf(slow), NOW).withinMs, within(5_000));
  });

  test('is overdue where it has long been silent', () => {
    const run = runOf(14_000);
    run.stride.hear(slow, NOW - 9_000);
    expect(estimateOf(run, paceOf(slow), NOW).leftMs).toBeNull();
    // A little late is no reason to call it that.
    expectBetween(estimateOf(run, paceOf(slow), NOW - 3_000).leftMs, [1, 600]);
  });

  test('is not overdue where its saves are far apart and its chances are not', () => {
    const run = runOf(60_000);
    for (let at = -50_000; at <= -8_000; at += 10_000)
      run.stride.hear({ ...fast, ms: 10_000, count: 1_000 }, NOW + at);
    expect(estimateOf(run, paceOf(fast), NOW).leftMs).toBe(20);
  });

  test('is its end where it has no chance before', () => {
    const pace = paceOf();
    for (let i = 0; i < 10; i++) pace.ended('a.job', 60_000);
    expectBetween(estimateOf(runOf(20_000, null), pace, NOW).leftMs, [40_000, 52_000]);
    expect(estimateOf(runOf(90_000, null), pace, NOW).leftMs).toBeNull();
  });
});

describe('blockers', () => {
  test('come with the worst first: what cannot stop, then what is unknown, then the slowest', () => {
    const pace = paceOf(fast);
    const stubborn = runOf(10, null);
    stubborn.claimed.job = 'stubborn';
    const unknown = runOf(10);
    unknown.claimed.job = 'new';
    const mine = runOf(10_000);
    mine.stride.hear(slow, NOW - 1_000);
    const told = blockersOf([runOf(10), mine, unknown, stubborn], pace, NOW);
    expect(told.map(({ job, stoppable }) => [job, stoppable])).toEqual([
      ['stubborn', false],
      ['new', true],
      ['a.job', true],
      ['a.job', true],
    ]);
    expectBetween(told[2]!.estimateMs, within(4_000));
    expect(told[3]!.estimateMs).toBeLessThan(30);
  });

  test('can be stopped without a checkpoint schema where runs have shown that they can', () => {
    expect(blockersOf([runOf(10, null)], paceOf(fast), NOW)[0]!.stoppable).toBe(true);
  });
});
