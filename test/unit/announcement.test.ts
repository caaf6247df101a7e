import { describe, expect, test } from 'vitest';
import { Announced } from '../../src/host/announced.js';
import { HeldRun } from '../../src/host/held-run.js';
import { Pace } from '../../src/host/pace.js';
import { isInTheWay } from '../../src/model/announcement.js';
import type { JobManifest } from '../../src/model/release.js';
import { announcementOf } from '../../src/store/announcements.js';

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const known = (hasCheckpoint: boolean, gapMs: number | null, endMs: number | null) => ({
  hasCheckpoint,
  gapMs,
  endMs,
});

describe('a run is in the way of a window', () => {
  test.each([
    ['it cannot stop and would still run', known(false, null, 2 * HOUR), true],
    ['it cannot stop and ends before', known(false, null, 60_000), false],
    ['it cannot stop and nobody knows how long it takes', known(false, null, null), false],
    ['it would still run and can stop soon', known(true, 10, 2 * HOUR), false],
    ['it would still run and its next checkpoint comes too late', known(true, 90 * 60_000, 2 * HOUR), true],
    ['it would still run, and its checkpoints are not known', known(true, null, 2 * HOUR), false],
    ['it has shown that it can stop without a schema', known(false, 10, 2 * HOUR), false],
  ])('or not, where %s', (_, job, is) => {
    expect(isInTheWay(job, HOUR)).toBe(is);
  });

  test('never where it is over in a moment', () => {
    expect(isInTheWay(known(false, null, 400), -1_000)).toBe(false);
    expect(isInTheWay(known(true, 400, HOUR), -1_000)).toBe(false);
    expect(isInTheWay(known(false, null, 600), -1_000)).toBe(true);
  });
});

describe('the announcement that holds', () => {
  const span = (announcedAt: number | null, from: number, app = 'billing') => ({
    app,
    from,
    to: from + HOUR,
    reason: 'r',
    announcedAt,
  });
  const at = (spans: Parameters<typeof announcementOf>[0]) => announcementOf(spans, 'billing', NOW)?.window;

  test('is that of the window that comes first, of this app', () => {
    expect(
      at({
        late: span(NOW - 1, NOW + 3 * HOUR),
        next: span(NOW - 1, NOW + HOUR),
        other: span(NOW - 1, NOW + 1, 'else'),
      }),
    ).toBe('next');
  });

  test('is none before it is made, once the window stops runs, and where the window is far too late', () => {
    expect(at({ a: span(NOW + 1, NOW + HOUR) })).toBeUndefined();
    expect(at({ a: span(null, NOW - 1) })).toBeUndefined();
    expect(at({ a: span(NOW - HOUR, NOW - 60_000) })).toBe('a');
    expect(at({ a: span(NOW - HOUR, NOW - 120_000) })).toBeUndefined();
  });
});

test('a host keeps back what would be in the way, and makes room for the others, until there is no window to wait for', () => {
  const pace = new Pace(() => NOW);
  pace.ended('long', 2 * HOUR);
  pace.ended('short', 1_000);
  const told: [string, number | null][] = [];
  const jobs = new Map(
    ['long', 'short'].map(name => [name, { name, queue: 'q', checkpointVersion: null } as JobManifest]),
  );
  const onHeldBack = (queue: string, claims: number | null) => void told.push([queue, claims]);
  const announced = new Announced({ pace, now: () => NOW, jobs: () => jobs, onHeldBack });
  const run = (job: string) => {
    const claimed = { queue: 'q', jobId: job, runId: job, job, payload: '', token: 't' };
    return new HeldRun({ ...claimed, attempts: null, scheduledFor: null } as HeldRun['claimed']);
  };
  const long = run('long');
  expect(announced.mayStart(long)).toBe(true);

  announced.follow({ window: 'w', reason: 'r', from: NOW + HOUR, to: NOW + 2 * HOUR });
  expect(announced.mayStart(long)).toBe(false);
  expect(announced.mayStart(long)).toBe(false);
  expect(announced.mayStart(run('short'))).toBe(true);
  expect(told).toEqual([
    ['q', 0],
    ['q', 1],
  ]);
  announced.follow(null);
  expect(announced.mayStart(long)).toBe(true);
  announced.follow(null);
  expect(told.slice(2)).toEqual([['q', null]]);
});
