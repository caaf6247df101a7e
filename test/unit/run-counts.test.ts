import { expect, test } from 'vitest';
import type { HostStatus, LastWord, WindowTally } from '../../src/model/intent.js';
import { decide } from '../../src/window/decide.js';
import { factsOf, LIMITS } from '../../src/window/facts.js';
import { makeReport } from '../../src/window/report.js';
import { iso, sampleHost, sampleIntent, sampleTally, T0, windowIn } from '../support/window-samples.js';

const END = iso(T0 + LIMITS.resumeMs);
const host = (id: string, tally: Partial<WindowTally>, held = 0, change: Partial<HostStatus> = {}) =>
  sampleHost(
    id,
    { release: 'new', gate: 'open', held, tally: sampleTally(tally) },
    { seenAt: END, ...change },
  );
const word = (held: number, tally: Partial<WindowTally>): LastWord => ({
  at: iso(T0 + 40),
  held,
  tally: sampleTally(tally),
});

/** The end of a window that resumes, and its report. */
function ends(hosts: HostStatus[], lastWords: Record<string, LastWord>) {
  const observation = { intent: sampleIntent(), hosts, lastWords, busy: null };
  const window = windowIn('resuming', { hosts: [] });
  const at = T0 + LIMITS.resumeMs;
  const ended = decide(window, observation, at)!.window;
  const { tallies } = factsOf(window, observation, at, LIMITS);
  return { ended, report: makeReport(ended, tallies, {}, 0, at) };
}

const stopped = { lastProgressOld: T0 + 50, lastEndOld: T0 + 50 };
const goesOn = { firstStartNew: T0 + 80, firstProgressNew: T0 + 90 };

test('what a host had counted stays when it is gone, and what it held is interrupted: the sums fit', () => {
  const living = host('b', { inFlight: 10, yielded: 6, finished: 4, resumed: 6, ...stopped, ...goesOn }, 6);
  const { ended, report } = ends([living], { a: word(6, { inFlight: 10, yielded: 2, finished: 4 }) });
  expect(ended.runs).toEqual({ inFlight: 20, yielded: 8, finished: 8, forced: 0, interrupted: 6 });
  expect(ended.summary).toContain(
    'of 20 runs in flight 6 went on in the new code, 8 ended meanwhile; 6 runs',
  );
  expect(report.runs).toMatchObject({ ...ended.runs, resumed: 6 });
  const { inFlight, resumed, finished, interrupted } = report.runs;
  expect(resumed + finished + interrupted!).toBe(inFlight);
  // It computed until its last word; that it never said so does not mean that something ran all the while.
  expect(report).toMatchObject({ downtimeMs: 40, stoppedMs: 30 });
});

test('a host that leaves in good order while the window lasts leaves its figures', () => {
  const failures = [{ run: 'r', job: 'j', state: 'failed', error: 'no', release: 'new' } as const];
  const counted = {
    inFlight: 3,
    yielded: 3,
    resumed: 3,
    failed: 1,
    parked: 1,
    lostMs: 7,
    proven: 2,
    failures,
  };
  const left = word(0, { ...counted, pauses: [30, 40, 50], ...stopped, ...goesOn });
  const living = host('b', { inFlight: 1, yielded: 1, resumed: 1, pauses: [10], ...stopped, ...goesOn }, 1);
  const { report } = ends([living], { a: left, b: word(1, { inFlight: 1 }) });
  expect(report).toMatchObject({
    runs: { inFlight: 4, resumed: 4, interrupted: 0, failed: 1, parked: 1 },
    pause: { p50Ms: 30, maxMs: 50 },
    work: { lostMs: 7 },
    proof: { checkpoints: 2 },
    failures,
  });
});

test('the window that is stored counts the runs of silent hosts as its report does', () => {
  const silent = host('a', { inFlight: 5, yielded: 5 }, 5, { seenAt: iso(T0) });
  const living = host('b', { inFlight: 1, yielded: 1, resumed: 1, ...goesOn }, 1);
  const { ended, report } = ends([silent, living], {});
  expect([ended.runs.interrupted, report.runs.interrupted]).toEqual([5, 5]);
});
