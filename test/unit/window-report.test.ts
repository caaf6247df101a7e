import { describe, expect, it } from 'vitest';
import { makeReport } from '../../src/window/report.js';
import { iso, sampleTally, sampleWindow, T0 } from '../support/window-samples.js';

const completed = sampleWindow({
  phase: 'done',
  outcome: 'completed',
  summary: 'all well',
  finishedAt: iso(T0 + 900),
  endsBy: iso(T0 + 600_000),
  phases: [
    { phase: 'preparing', at: iso(T0), ms: 500, because: '' },
    { phase: 'draining', at: iso(T0 + 500), ms: 120, because: '' },
    { phase: 'swapping', at: iso(T0 + 620), ms: 30, because: '' },
    { phase: 'resuming', at: iso(T0 + 650), ms: 250, because: '' },
    { phase: 'done', at: iso(T0 + 900), ms: 0, because: '' },
  ],
});

const two = [
  sampleTally({
    inFlight: 3,
    yielded: 2,
    finished: 1,
    resumed: 2,
    pauses: [40, 90],
    lastProgressOld: T0 + 600,
    lastEndOld: T0 + 610,
    firstStartNew: T0 + 660,
    firstProgressNew: T0 + 670,
    proven: 2,
  }),
  sampleTally({
    inFlight: 1,
    yielded: 1,
    resumed: 1,
    pauses: [70],
    lastProgressOld: T0 + 580,
    lastEndOld: T0 + 590,
    firstStartNew: T0 + 655,
    firstProgressNew: T0 + 690,
    lostMs: 12,
    repeatedCheckpoints: 1,
    proven: 1,
  }),
];

describe('makeReport', () => {
  it('sums what all hosts counted', () => {
    const notes = { forecastDrainMs: 200, proof: { checkpoints: 5, ms: 7, oneWay: ['old-job'] } };
    const runs = { inFlight: 4, yielded: 3, finished: 1, forced: 0 };
    expect(makeReport({ ...completed, runs }, two, notes, 4, T0 + 900)).toMatchObject({
      window: 'win-1',
      outcome: 'completed',
      from: 'old',
      to: 'new',
      startedAt: iso(T0),
      finishedAt: iso(T0 + 900),
      drainMs: 120,
      swapMs: 30,
      runs: { inFlight: 4, yielded: 3, finished: 1, forced: 0, resumed: 3, parked: 0 },
      work: { lostMs: 12, repeatedCheckpoints: 1 },
      proof: { checkpoints: 8, ms: 7, oneWay: ['old-job'] },
      forecast: { drainMs: 200 },
      intake: { accepted: 4 },
      fires: [],
    });
  });

  it('says which states came down, and which cannot', () => {
    const setBack = [{ job: 'a', runs: 3, onRollback: 'park' as const }];
    const notes = { proof: { checkpoints: 5, ms: 7, oneWay: [], setBack } };
    const carried = two.map(tally => ({ ...tally, broughtDown: 2 }));
    expect(makeReport(completed, carried, notes, 0, T0 + 900)).toMatchObject({
      work: { broughtDown: 4 },
      proof: { setBack },
    });
  });

  it('measures the downtime from the last progress anywhere to the first anywhere', () => {
    const report = makeReport(completed, two, {}, 0, T0 + 900);
    expect(report.downtimeMs).toBe(70);
    expect(report.stoppedMs).toBe(45);
  });

  it('gives the pause of a run at each percentile', () => {
    const pauses = Array.from({ length: 200 }, (_, i) => 200 - i);
    const report = makeReport(completed, [sampleTally({ inFlight: 200, pauses })], {}, 0, T0 + 900);
    expect(report.pause).toEqual({ p50Ms: 100, p99Ms: 198, maxMs: 200 });
  });

  it('says no downtime where nothing ran', () => {
    const report = makeReport(completed, [sampleTally({ lastProgressOld: T0 - 60_000 })], {}, 0, T0 + 900);
    expect(report).toMatchObject({ downtimeMs: 0, stoppedMs: 0, pause: { p50Ms: 0, p99Ms: 0, maxMs: 0 } });
  });

  it('ends the downtime when intake opened, where all runs had finished', () => {
    const tally = sampleTally({ inFlight: 1, finished: 1, lastProgressOld: T0 + 600, lastEndOld: T0 + 600 });
    expect(makeReport(completed, [tally], {}, 0, T0 + 900)).toMatchObject({ downtimeMs: 50, stoppedMs: 50 });
  });

  it('counts an aborted stop until intake opened again', () => {
    const aborted = sampleWindow({
      phase: 'done',
      outcome: 'aborted',
      finishedAt: iso(T0 + 700),
      phases: [
        { phase: 'draining', at: iso(T0 + 500), ms: 200, because: '' },
        { phase: 'done', at: iso(T0 + 700), ms: 0, because: '' },
      ],
    });
    const tally = sampleTally({ inFlight: 2, yielded: 1, lastProgressOld: T0 + 550, lastEndOld: T0 + 560 });
    expect(makeReport(aborted, [tally], {}, 0, T0 + 700)).toMatchObject({
      downtimeMs: 150,
      stoppedMs: 140,
      drainMs: 200,
      swapMs: 0,
    });
  });

  it('tells runs of hosts that fell silent apart from those that went on', () => {
    const runs = { inFlight: 7, yielded: 3, finished: 1, forced: 0, interrupted: 3 };
    expect(makeReport({ ...completed, runs }, two, {}, 0, T0 + 900).runs).toMatchObject({
      inFlight: 7,
      resumed: 3,
      finished: 1,
      interrupted: 3,
    });
  });

  it('names the first that failed on the new release, or were parked, on whichever host, and each run once', () => {
    const failed = { job: 'pdf', state: 'failed', error: 'Error: no', release: 'new' } as const;
    const at = (run: number, ms: number) => ({ ...failed, run: `run-${run}`, at: iso(T0 + ms) });
    const parked = { ...at(9, 3), state: 'parked', release: 'old' } as const;
    const tallies = [
      sampleTally({ failures: [{ ...at(0, 0), release: 'old' }, at(1, 1), parked, at(2, 6), at(3, 7)] }),
      sampleTally({ failures: [at(4, 2), at(1, 4), at(5, 5)] }),
    ];
    const named = makeReport(completed, tallies, {}, 0, T0 + 900).failures!.map(({ run }) => run);
    expect(named).toEqual(['run-1', 'run-4', 'run-9', 'run-5', 'run-2']);
  });

  it('reports a window that was refused before it began, with nothing counted', () => {
    const refused = sampleWindow({ phase: 'done', outcome: 'refused', finishedAt: iso(T0) });
    expect(makeReport(refused, [], {}, 0, T0)).toMatchObject({
      startedAt: null,
      downtimeMs: 0,
      runs: { inFlight: 0 },
    });
  });

  it('never shows a negative time when clocks disagree', () => {
    const tally = sampleTally({
      inFlight: 1,
      resumed: 1,
      lastProgressOld: T0 + 900,
      firstProgressNew: T0 + 800,
      lastEndOld: T0 + 900,
      firstStartNew: T0 + 700,
    });
    expect(makeReport(completed, [tally], {}, 0, T0 + 900)).toMatchObject({ downtimeMs: 0, stoppedMs: 0 });
  });
});
