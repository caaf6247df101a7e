import { describe, expect, test } from 'vitest';
import { tail } from '../../src/cli/actions/run-logs.js';
import { instant } from '../../src/cli/arguments.js';
import { inOurWords } from '../../src/cli/in-our-words.js';
import { frame } from '../../src/cli/live/frame.js';
import { changes } from '../../src/cli/live/plain.js';
import { statusLine } from '../../src/cli/live/status-line.js';
import { roomBefore } from '../../src/cli/open-window.js';
import { logLine } from '../../src/cli/show/log-line.js';
import { planLines } from '../../src/cli/show/plan.js';
import { createStyle, linesWithin, wrap } from '../../src/cli/show/style.js';
import { askedLines, windowLines } from '../../src/cli/show/window.js';
import { iso, sampleWindow, T0, windowIn } from '../support/window-samples.js';

const plain = createStyle(false);

describe('a run that cannot stop half-way', () => {
  const endless = {
    run: 'run-3',
    job: 'airports',
    lastCheckpointAt: null,
    stoppable: false,
    estimateMs: 9_000,
  };
  const says = 'cannot stop half-way: runs to its end, about 9.0s';

  test('is told as such in a plan, whose forecast is unknown by it', () => {
    const plan = planLines(
      {
        app: 'flights',
        release: 'new',
        previousRelease: 'old',
        startsAt: iso(T0),
        queues: [],
        runs: { inFlight: 1, blockers: [endless] },
        forecast: { drainMs: null, p50Ms: null, p99Ms: null, comingInMs: null },
        fires: [],
        refusals: [],
        warnings: [],
        refusedFor: [],
        hosts: [],
      },
      T0,
      plain,
    );
    expect(plan).toContain('  forecast  unknown: 1 run cannot stop half-way');
    expect(plan).toContain(`    airports  run-3  ${says}`);
  });

  test('is told as such while a window waits for it', () => {
    const runs = { inFlight: 4, yielded: 3, finished: 0, forced: 0 };
    const window = windowIn('draining', { blockers: [endless], runs });
    const line = `    airports  run-3  ${says}`;
    expect(frame(window, { now: T0, width: 100, style: plain })).toContain(line);
    expect(windowLines(window, T0, plain)).toContain(line);
    expect(changes(null, window)).toContain(
      `draining: 3/4 at a checkpoint (waiting for airports run-3: ${says})`,
    );
  });
});

test('what was asked of a window is told, not the phase that it is still in', () => {
  expect(askedLines(windowIn('draining'), 'abort', plain)).toEqual([
    'asked to abort  billing old → new  win-1',
    '  See what comes of it: slackwater window watch win-1',
  ]);
  expect(askedLines(windowIn('done', { outcome: 'cancelled' }), 'cancel', plain)).toEqual([
    '– cancelled  billing old → new  win-1',
  ]);
});

test('a conflict with a window of later says how long one before it may take', () => {
  const later = sampleWindow({ startsAt: iso(T0 + 30 * 60_000) });
  expect(roomBefore(later, T0 + 1_000)).toMatch(/--max-duration 29m or less .*--drain-timeout/);
  expect(roomBefore(later, T0 + 30 * 60_000)).toBeNull();
  expect(roomBefore(windowIn('draining'), T0 - 3_600_000)).toBeNull();
});

describe('a line of a log', () => {
  const base = { time: T0, run: 'run-1', job: 'count', attempt: 1, level: 30 };
  const line = (more: object) => logLine(JSON.stringify({ ...base, ...more }), plain);
  const time = '2030-01-01T00:00:00.000Z';

  test('is told with its time, its level unless that is info, its message and its fields', () => {
    expect(line({ msg: 'read', row: 7, file: 'a b.csv', from: 'disk' })).toBe(
      `${time}  read  row=7  file="a b.csv"  from=disk`,
    );
    expect(line({ level: 40, attempt: 2, msg: 'slow' })).toBe(`${time}  warn  slow  attempt=2`);
  });

  test('has the stack of an error below it', () => {
    const err = { message: 'no', stack: 'Error: no\n    at a.ts:1' };
    expect(line({ level: 50, msg: 'lost', err })).toBe(`${time}  error  lost\n    Error: no\n    at a.ts:1`);
  });

  test('that is no JSON is told as it is', () => {
    expect(logLine('plain words', plain)).toBe('plain words');
    expect(logLine('7', plain)).toBe('7');
  });
});

test('a log is followed line by line, also one that is full and loses its first lines', async () => {
  let log = ['a', 'b'];
  const more = tail(async from => log.slice(from));
  expect(await more()).toEqual(['a', 'b']);
  expect(await more()).toEqual([]);
  log.push('c');
  expect(await more()).toEqual(['c']);
  log = ['b', 'c', 'd'];
  expect(await more()).toEqual(['d']);
  log = ['c', 'd', 'e'];
  expect(await more()).toEqual(['e']);
  expect(await more()).toEqual([]);
  log = ['x', 'y', 'z'];
  expect(await more()).toEqual(['x', 'y', 'z']);
});

test('a status is one line that changes on a terminal, and a line for each change elsewhere', () => {
  const told = (isTTY: boolean) => {
    const written: string[] = [];
    const line = statusLine({ isTTY, columns: 10, write: (text: string) => written.push(text) }, {});
    line.show('queued');
    line.show('running with much to say');
    line.show('running with much to say');
    line.end();
    return written;
  };
  expect(told(false)).toEqual(['queued\n', 'running with much to say\n']);
  expect(told(true)).toEqual([
    '\u001B[?25lqueued\u001B[K\n\u001B[J',
    '\u001B[1A\rrunning w…\u001B[K\n\u001B[J',
    '\u001B[1A\r\u001B[J\u001B[?25h',
  ]);
});

test('a table among lines is broken line by line', () => {
  const table = 'JOB    QUEUE\nbilling  default';
  expect(linesWithin([table, 'and a longer line below'], 16)).toEqual([
    'JOB    QUEUE',
    'billing  default',
    'and a longer',
    '  line below',
  ]);
});

test('wrapping breaks at spaces, goes on further in, and keeps a long word whole', () => {
  expect(wrap('  a short one', 20)).toEqual(['  a short one']);
  expect(wrap('  two  words of a sentence', 14)).toEqual(['  two  words', '    of a', '    sentence']);
  expect(wrap('  see 0123456789abcdef', 8)).toEqual(['  see', '    0123456789abcdef']);
  const dim = createStyle(true).dim('    at first');
  expect(wrap(dim, 8)).toEqual(['\u001B[2m    at', '      first\u001B[22m']);
});

test.each(['+30m', '30m', '+1h30m', '90s'])('%s is a time from now', text => {
  expect(Date.parse(instant(text))).toBeGreaterThan(Date.now());
});

test('no command is told to call the API', () => {
  expect(inOurWords('there is no job "x": GET /v1/jobs lists them')).toMatch(/slackwater release show/);
  expect(inOurWords('several apps have a job x: say which with ?app=, one of a, b')).toMatch(
    /with --app, one/,
  );
  expect(inOurWords('shorten "drainTimeout" or give "maxDuration" more')).toBe(
    'shorten --drain-timeout or give --max-duration more',
  );
});
