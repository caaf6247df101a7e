import { describe, expect, test } from 'vitest';
import { frame } from '../../src/cli/live/frame.js';
import { changes } from '../../src/cli/live/plain.js';
import { createScreen } from '../../src/cli/live/screen.js';
import { planLines } from '../../src/cli/show/plan.js';
import { refusalLines } from '../../src/cli/show/refusals.js';
import { reportLines } from '../../src/cli/show/report.js';
import { clip, createStyle, widthOf } from '../../src/cli/show/style.js';
import { table } from '../../src/cli/show/table.js';
import { bar, when } from '../../src/cli/show/text.js';
import type { Refusal } from '../../src/model/intent.js';
import type { PhaseEntry, Report, Window } from '../../src/model/window.js';
import { WINDOW_DEFAULTS } from '../../src/model/window-defaults.js';

const plain = createStyle(false);
const T0 = Date.parse('2030-01-01T00:00:00.000Z');
const at = (ms: number) => new Date(T0 + ms).toISOString();
const phase = (name: PhaseEntry['phase'], from: number, ms: number | null): PhaseEntry => ({
  phase: name,
  at: at(from),
  ms,
  because: `${name} it is`,
});

const draining: Window = {
  ...WINDOW_DEFAULTS,
  id: 'win-1',
  app: 'flights',
  version: 4,
  release: 'bbbbbbbbbbbb',
  previousRelease: 'aaaaaaaaaaaa',
  phase: 'draining',
  outcome: null,
  reason: 'faster parsing',
  createdBy: 'ops',
  createdAt: at(0),
  startsAt: at(0),
  finishedAt: null,
  queues: ['reports'],
  drainTimeoutMs: 60_000,
  onDrainTimeout: 'abort',
  maxDurationMs: 3_600_000,
  drainDeadline: at(61_200),
  endsBy: at(3_600_000),
  forced: false,
  proofRound: 1,
  request: null,
  phases: [phase('scheduled', 0, 0), phase('preparing', 0, 1_200), phase('draining', 1_200, null)],
  runs: { inFlight: 100, yielded: 70, finished: 5, forced: 0 },
  blockers: [
    { run: 'run-1', job: 'fast', lastCheckpointAt: at(2_000), stoppable: true, estimateMs: 300 },
    { run: 'run-2', job: 'slow.export', lastCheckpointAt: null, stoppable: true, estimateMs: null },
  ],
  refusals: [],
  summary: null,
  hosts: [{ id: 'host-1', release: 'aaaaaaaaaaaa', phase: 'draining' }],
};

const refusal: Refusal = {
  run: 'run-7',
  job: 'flights.delays',
  queue: 'reports',
  from: 1,
  to: 2,
  direction: 'up',
  path: '/minutes/JFK',
  message: 'expected number, received string',
};

const completed: Report = {
  window: 'win-1',
  app: 'flights',
  strategy: 'window',
  outcome: 'completed',
  summary: null,
  reason: 'faster parsing',
  from: 'aaaaaaaaaaaa',
  to: 'bbbbbbbbbbbb',
  startedAt: at(0),
  finishedAt: at(1_400),
  phases: [
    phase('scheduled', 0, 0),
    phase('preparing', 0, 1_200),
    phase('draining', 1_200, 150),
    phase('swapping', 1_350, 20),
    phase('resuming', 1_370, 30),
    phase('done', 1_400, null),
  ],
  downtimeMs: 60,
  drainMs: 150,
  swapMs: 20,
  stoppedMs: 41,
  pause: { p50Ms: 90, p99Ms: 160, maxMs: 171 },
  forecast: { drainMs: 140 },
  runs: {
    inFlight: 100,
    yielded: 95,
    finished: 5,
    forced: 0,
    resumed: 95,
    returned: 0,
    failed: 0,
    parked: 0,
  },
  work: { lostMs: 0, repeatedCheckpoints: 0 },
  proof: { checkpoints: 1_180, ms: 210, oneWay: [] },
  intake: { accepted: 12 },
  fires: [],
  blockers: [],
  refusals: [],
  tasks: [],
  rollback: null,
  watch: null,
};

describe('the live frame', () => {
  const show = (window: Window, width = 100) => frame(window, { now: T0 + 2_500, width, style: plain });

  test('shows phases with their times, the bar of a drain, and the runs in the way', () => {
    expect(show(draining)).toEqual([
      'slackwater  flights  aaaaaaaaaaaa → bbbbbbbbbbbb',
      '  faster parsing · win-1',
      '',
      '  ✓ preparing   1.2s    1 host',
      `  ⠴ draining    1.3s    ${'█'.repeat(22)}▌${'░'.repeat(7)} 75/100 at a checkpoint`,
      '  · swapping',
      '  · resuming',
      '',
      '  in the way',
      '    slow.export  run-2  no checkpoint yet',
      '    fast         run-1  checkpoint 500ms ago, about 300ms to go',
      '',
      '  deadline in 59s, then abort',
      '  Ctrl-C leaves it running',
    ]);
  });

  test('is never wider than the terminal', () => {
    for (const width of [20, 40, 60]) {
      for (const line of show(draining, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }
  });

  test('says when a scheduled window starts', () => {
    const scheduled: Window = { ...draining, phase: 'scheduled', startsAt: at(600_000), blockers: [] };
    expect(show(scheduled)).toContain('  starts in 9m57s (2030-01-01T00:10:00.000Z)');
  });

  test('shows at most six runs in the way, the slowest first', () => {
    const blockers = Array.from({ length: 20 }, (_, i) => ({
      run: `run-${i}`,
      job: 'job',
      lastCheckpointAt: null,
      stoppable: true,
      estimateMs: i * 1_000,
    }));
    const lines = show({ ...draining, blockers });
    expect(lines).toContain('    job  run-19  no checkpoint yet, about 19s to go');
    expect(lines).toContain('    … and 14 more runs');
  });

  test('says so when the server does not answer', () => {
    const options = { now: T0 + 2_500, width: 100, style: plain, trouble: 'no answer' };
    expect(frame(draining, options).at(-1)).toBe('  no answer');
  });
});

describe('plain lines', () => {
  test('tell each phase once, also those that passed between two looks', () => {
    const done: Window = { ...draining, phase: 'done', outcome: 'completed', phases: completed.phases };
    expect(changes(null, draining)).toEqual([
      'window win-1: flights aaaaaaaaaaaa → bbbbbbbbbbbb (faster parsing)',
      'scheduled: scheduled it is',
      'preparing: preparing it is',
      'draining: draining it is',
      'draining: 75/100 at a checkpoint (waiting for slow.export run-2)',
    ]);
    expect(changes(draining, done)).toEqual([
      'swapping: swapping it is',
      'resuming: resuming it is',
      'completed',
    ]);
  });

  test('say nothing where nothing changed', () => {
    expect(changes(draining, draining)).toEqual([]);
  });

  test('tell a moved deadline with the reason', () => {
    const moved = (change: Partial<Window>) =>
      changes(draining, { ...draining, drainDeadline: at(99_000), ...change }).at(-1);
    const askings = [{ kind: 'extend', by: 'ann', at: at(5_000), byMs: 60_000 }] as const;
    const deadline = 'deadline moved to 2030-01-01T00:01:39.000Z: ';
    expect(moved({ askings: [...askings] })).toBe(`${deadline}extended by 1m00s by ann`);
    expect(moved({ forced: true })).toMatch(
      `${deadline}it had passed, and until then what has not stopped is`,
    );
    const rollback = { because: 'asked for', at: at(5_000), from: 'draining', hadMoved: false } as const;
    expect(moved({ rollback })).toBe(`${deadline}the way back has a drain timeout of its own`);
  });

  test('tell the summary of an end', () => {
    const aborted: Window = {
      ...draining,
      phase: 'done',
      outcome: 'aborted',
      summary: 'slow.export did not stop',
    };
    expect(changes(draining, aborted)).toEqual(['aborted: slow.export did not stop']);
  });
});

describe('the report', () => {
  test('tells what a completed window cost and where the time went', () => {
    expect(reportLines(completed, plain)).toEqual([
      '✓ completed  flights aaaaaaaaaaaa → bbbbbbbbbbbb  in 1.4s  win-1',
      '',
      '  stopped      41ms  no run computed for so long',
      '  pause a run  p50 90ms · p99 160ms · max 171ms',
      '  drain        150ms (forecast 140ms) · swap 20ms',
      '  work lost    none',
      '  runs         100 runs in flight · 95 moved to the new code · 5 ended meanwhile',
      '  proof        1,180 checkpoints read by the new release in 210ms',
      '  intake       12 runs accepted meanwhile',
      '',
      `  preparing    1.2s    ${'█'.repeat(24)}`,
      '  draining     150ms   ███',
      '  swapping     20ms    ▍',
      '  resuming     30ms    ▋',
    ]);
  });

  test('of a refusal names run, job, versions, path and message, says that nothing stopped, and what to do', () => {
    const refused: Report = {
      ...completed,
      outcome: 'refused',
      summary: '1 saved state cannot be read by bbbbbbbbbbbb',
      phases: [phase('preparing', 0, 300), phase('done', 300, null)],
      refusals: [refusal],
      intake: { accepted: 0 },
    };
    expect(reportLines(refused, plain).slice(0, 11)).toEqual([
      '✗ refused  flights aaaaaaaaaaaa → bbbbbbbbbbbb  in 1.4s  win-1',
      '  1 saved state cannot be read by bbbbbbbbbbbb',
      '',
      '  ✗ flights.delays  run-7  version 1 → version 2',
      '    at /minutes/JFK: expected number, received string',
      '',
      '  → let checkpoint.upgrade[1] of flights.delays give what checkpoint.schema accepts, then deploy again',
      '  → or let the runs end first: slackwater runs show run-7 · slackwater runs cancel run-7',
      '',
      '  stopped  nothing',
      '  proof    1,180 checkpoints read by the new release in 210ms',
    ]);
  });

  test('of an abort names the runs in the way', () => {
    const aborted: Report = { ...completed, outcome: 'aborted', blockers: draining.blockers };
    expect(reportLines(aborted, plain)).toEqual(
      expect.arrayContaining(['  in the way', '    fast  run-1', '    slow.export  run-2']),
    );
  });

  test('tells lost work', () => {
    const forced: Report = { ...completed, work: { lostMs: 2_300, repeatedCheckpoints: 2 } };
    expect(reportLines(forced, plain)).toContain('  work lost    2.3s · 2 checkpoints repeated');
  });
});

test('a refusal on the way back points at the downgrade; many are cut short', () => {
  const lines = refusalLines(Array(12).fill({ ...refusal, direction: 'down', from: 2, to: 1 }), plain);
  expect(lines).toContain('  ✗ flights.delays  run-7  version 2 → version 1, on the way back');
  expect(lines).toContain('    … and 2 more states');
  expect(lines.join('\n')).toContain('mend checkpoint.downgrade of flights.delays');
});

test('a plan tells what would be in the way and what speaks against it', () => {
  const plan = {
    app: 'flights',
    release: 'bbbbbbbbbbbb',
    previousRelease: null,
    startsAt: at(0),
    queues: ['reports'],
    runs: { inFlight: 2, blockers: draining.blockers },
    forecast: { drainMs: 300, p50Ms: 150, p99Ms: 420, comingInMs: null },
    fires: [],
    refusals: [],
    warnings: ['no host is alive: it would be refused', 'no host serves queue x'],
    refusedFor: ['no host is alive: it would be refused'],
    hosts: [],
  };
  expect(planLines(plan, T0, plain)).toEqual([
    'plan  flights nothing → bbbbbbbbbbbb',
    '',
    '  starts    0ms ago (2030-01-01T00:00:00.000Z)',
    '  queues    reports',
    '  hosts     none',
    '  runs      2 runs computing, 2 to be waited for',
    '  forecast  drained in 300ms (usually 150ms, 420ms in 1 of 100)',
    '',
    '    fast  run-1  about 300ms to its next checkpoint',
    '    slow.export  run-2',
    '',
    '  ✗ no host is alive: it would be refused',
    '  ! no host serves queue x',
    '',
    '  As it stands, it would be refused.',
  ]);
});

test('a table is aligned, numbers from the right, without trailing space', () => {
  const columns = [
    { title: 'name', value: (row: [string, number]) => row[0] },
    { title: 'runs', value: (row: [string, number]) => String(row[1]), right: true },
  ];
  expect(
    table(
      [
        ['a', 1],
        ['longer', 12_345],
      ],
      columns,
      plain,
    ),
  ).toBe('NAME     RUNS\na           1\nlonger  12345');
  expect(table([], columns, plain, 'nothing here')).toBe('nothing here');
});

test('clipping counts what is seen, and ends the colours that it began', () => {
  const red = createStyle(true).red('abcdefgh');
  expect(widthOf(red)).toBe(8);
  expect(clip(red, 5)).toBe('\u001B[31mabcd…\u001B[39m');
  expect(clip('abc', 3)).toBe('abc');
});

test('a bar fills in eighths and never overflows', () => {
  expect(bar(0, 0, 4)).toBe('░░░░');
  expect(bar(1, 2, 4)).toBe('██░░');
  expect(bar(1, 16, 2)).toBe('▏░');
  expect(bar(9, 4, 4)).toBe('████');
});

test('times are told from now', () => {
  expect(when(at(-90_000), T0)).toBe('1m30s ago');
  expect(when(at(5_000), T0)).toBe('in 5.0s');
  expect(when(null, T0)).toBe('-');
});

describe('the screen', () => {
  const recorder = (rows = 24) => {
    const written: string[] = [];
    return { written, terminal: { rows, write: (text: string) => written.push(text) } };
  };

  test('writes once a frame, in place, and not at all when nothing changed', () => {
    const { terminal, written } = recorder();
    const screen = createScreen(terminal);
    screen.draw(['a', 'b']);
    screen.draw(['a', 'b']);
    screen.draw(['a', 'c']);
    expect(written).toEqual([
      '\u001B[?25la\u001B[K\nb\u001B[K\n\u001B[J',
      '\u001B[2A\ra\u001B[K\nc\u001B[K\n\u001B[J',
    ]);
  });

  test('gives the cursor back, once', () => {
    const { terminal, written } = recorder();
    const screen = createScreen(terminal);
    screen.draw(['a']);
    screen.clear();
    screen.leave();
    expect(written.slice(1)).toEqual(['\u001B[1A\r\u001B[J\u001B[?25h']);
  });

  test('leaves out what does not fit on the screen', () => {
    const { terminal, written } = recorder(3);
    createScreen(terminal).draw(['a', 'b', 'c', 'd']);
    expect(written).toEqual(['\u001B[?25la\u001B[K\nb\u001B[K\n\u001B[J']);
  });
});
