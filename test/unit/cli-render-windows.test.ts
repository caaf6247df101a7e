import { describe, expect, test } from 'vitest';
import { hasEnded } from '../../src/cli/live/follow-window.js';
import { frame } from '../../src/cli/live/frame.js';
import { changes } from '../../src/cli/live/plain.js';
import { reportLines } from '../../src/cli/show/report.js';
import { createStyle, widthOf } from '../../src/cli/show/style.js';
import { taskLines } from '../../src/cli/show/tasks.js';
import { askedLines, stateText, windowLines } from '../../src/cli/show/window.js';
import type { Task } from '../../src/model/task.js';
import type { PhaseEntry, Report, Watched, Window } from '../../src/model/window.js';
import { NO_RECORD, WATCH } from '../../src/model/window-defaults.js';
import { iso, sampleWindow, T0 } from '../support/window-samples.js';

const plain = createStyle(false);
const entry = (phase: PhaseEntry['phase'], from: number, ms: number | null): PhaseEntry => ({
  phase,
  at: iso(T0 + from),
  ms,
  because: `${phase} it is`,
});

/** A window that is in this phase since a second, 10 s after it began. */
function windowAt(phase: PhaseEntry['phase'], change: Partial<Window> = {}): Window {
  const phases = [entry('scheduled', 0, 0), entry('preparing', 0, 9_000), entry(phase, 9_000, null)];
  const hosts = ['a', 'b', 'c'].map(id => ({ id, release: 'old', phase: 'waiting' }));
  return sampleWindow({ phase, phases, hosts, endsBy: iso(T0 + 600_000), ...change });
}

const show = (window: Window, width = 100) => frame(window, { now: T0 + 10_000, width, style: plain });

const task = (change: Partial<Task>): Task => ({
  kind: 'hook',
  name: 'migrate',
  when: 'stopped',
  state: 'pending',
  attempt: 0,
  startedAt: null,
  endedAt: null,
  run: null,
  output: '',
  error: null,
  ...change,
});
const ran = { attempt: 1, startedAt: iso(T0 + 8_000), endedAt: iso(T0 + 9_200) };
const failedTask = task({
  ...ran,
  state: 'failed',
  attempt: 2,
  error: 'exit code 1',
  output: 'one\ntwo\n\n\u001B[31mred\u001B[0m\r\nfour\nfive\nsix\u0007\n',
});

const watched: Watched = {
  baseline: NO_RECORD,
  new: { completed: 37, failed: 3, crashes: 1, parked: 0 },
  old: { completed: 990, failed: 10, crashes: 0, parked: 0 },
};

const rollback = {
  because: 'probe smoke failed (503)',
  at: iso(T0 + 9_000),
  from: 'verifying',
  hadMoved: true,
} as const;

const held = windowAt('done', {
  outcome: 'held',
  summary: 'Nobody knows whether the hook migrate was done: a person has to decide',
  held: {
    since: iso(T0 + 9_000),
    phase: 'swapping',
    reason: 'nobody knows whether the hook migrate was done',
    task: 'migrate',
    choices: [
      { choice: 'retry', does: 'does the hook migrate again' },
      { choice: 'go-back', does: 'goes back to release old' },
    ],
    until: iso(T0 + 60_000),
  },
});

test('hooks and probes are told with state, time and tries; where one went wrong, with the end of its output', () => {
  const tasks = [
    task({ name: 'expand', when: 'before', state: 'done', ...ran }),
    failedTask,
    task({ name: 'b', state: 'unknown', ...ran, error: 'who did it is gone' }),
    task({ name: 'c', state: 'skipped', ...ran }),
    task({ name: 'd', attempt: 1, error: 'exit code 2' }),
    task({ kind: 'probe', name: 'smoke', when: 'verify', state: 'running', attempt: 1, run: 'run-1' }),
    task({ name: 'contract', when: 'after' }),
  ];
  tasks[5]!.startedAt = iso(T0 + 8_000);
  expect(taskLines(tasks, T0 + 10_000, plain)).toEqual([
    '  ✓ expand    before   1.2s',
    '  ✗ migrate   stopped  failed: exit code 1 · try 2',
    '      │ two',
    '      │ red',
    '      │ four',
    '      │ five',
    '      │ six',
    '  ? b         stopped  nobody knows whether it was done: who did it is gone',
    '  – c         stopped  passed over by a person',
    '  · d         stopped  waits for its next try (exit code 2)',
    '  ▸ smoke     probe    2.0s · run-1',
    '  · contract  after',
  ]);
});

describe('the live frame', () => {
  test('has the phases that probes and a watch add, and the hooks', () => {
    const tasks = [task({ state: 'running', attempt: 1, startedAt: iso(T0 + 9_500) })];
    const probes = [{ name: 'smoke', command: ['true'], timeoutMs: 1_000 }];
    const lines = show(windowAt('swapping', { watch: WATCH, probes, tasks }));
    expect(lines.slice(3)).toEqual([
      '  ✓ preparing   9.0s    3 hosts',
      '  ⠋ swapping    1.0s',
      '  · verifying',
      '  · resuming',
      '  · watching',
      '',
      '  ▸ migrate  stopped  500ms',
      '',
      '  Ctrl-C leaves it running',
    ]);
  });

  test('counts the hosts that have moved, or tells the share of a canary', () => {
    const rolling = windowAt('swapping', { strategy: 'rolling', moved: ['a', 'b'] });
    expect(show(rolling).slice(3, 6)).toEqual([
      '  ✓ preparing   9.0s    3 hosts',
      '  ⠋ swapping    1.0s    2 of 3 hosts moved',
      '  · resuming',
    ]);
    const gone = windowAt('swapping', { strategy: 'rolling', moved: ['a', 'b', 'gone'] });
    expect(show(gone)).toContain('  ⠋ swapping    1.0s    2 of 3 hosts moved');
    const canary = windowAt('swapping', { strategy: 'canary', share: 0.025, watch: WATCH, watched });
    expect(show(canary)).toEqual(
      expect.arrayContaining([
        '  ⠋ swapping    1.0s    2.5% of new runs start on the new release',
        '                      3 of 40 ends failed (20% allowed, 1% before) · 1/3 crashes · 0/0 parked',
        '  go back: slackwater window abort win-1',
      ]),
    );
  });

  test('shows what a watch sees, and how to end it', () => {
    const lines = show(windowAt('watching', { watch: WATCH, watched }), 140);
    expect(lines).toContain(
      '  ⠋ watching    1.0s    of 5m00s  3 of 40 ends failed (20% allowed, 1% before) · 1/3 crashes · 0/0 parked',
    );
    expect(lines.slice(-3)).toEqual([
      '  seen enough: slackwater window end win-1',
      '  go back: slackwater window abort win-1',
      '  Ctrl-C leaves it running',
    ]);
    const few = { ...watched, new: { ...NO_RECORD, failed: 1 }, old: NO_RECORD };
    expect(show(windowAt('watching', { watch: WATCH, watched: few })).join('\n')).toContain(
      '1 of 1 end failed (judged from 20 on)',
    );
  });

  test('shows where it turned round, and the way back', () => {
    const phases = [
      entry('preparing', 0, 5_000),
      entry('draining', 5_000, 3_000),
      entry('verifying', 8_000, 1_000),
      entry('draining', 9_000, null),
    ];
    const hosts = [
      { id: 'a', release: 'new', phase: 'still' },
      { id: 'b', release: 'new', phase: 'draining' },
    ];
    const window = windowAt('draining', { phases, hosts, rollback, drainDeadline: iso(T0 + 30_000) });
    expect(show(window).slice(3)).toEqual([
      '  ✓ preparing   5.0s    2 hosts',
      '  ✓ draining    3.0s    0 of 0 runs',
      '  ✗ verifying   1.0s',
      '  ↩ back to old: probe smoke failed (503)',
      '  ⠋ draining    1.0s    1 of 2 hosts still',
      '  · swapping',
      '  · resuming',
      '',
      '  deadline in 20s, then force',
      '  Ctrl-C leaves it running',
    ]);
  });

  test('says that the others compute on while slow runs come in', () => {
    const lines = show(windowAt('draining', { arriveAt: iso(T0 + 12_000) }));
    expect(lines.join('\n')).toContain('slow runs come in, the others compute on (all are there in 2.0s)');
  });

  test('says how to approve a window that waits for it', () => {
    const waiting = sampleWindow({ requiresApproval: true });
    expect(show(waiting)).toContain('  waits for a second person: slackwater window approve win-1');
    expect(show({ ...waiting, approvedBy: 'ada' }).join()).not.toContain('second person');
  });

  test('is never wider than the terminal', () => {
    const window = windowAt('watching', { watch: WATCH, watched, rollback, tasks: [failedTask] });
    for (const width of [20, 40, 60])
      for (const line of show(window, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
  });
});

describe('plain lines', () => {
  const lines = (before: Window, now: Window) => changes(before, now, T0 + 10_000);

  test('tell each change of a hook once, and its output where it failed', () => {
    const none = windowAt('swapping', { tasks: [task({})] });
    const begun = { ...none, tasks: [task({ state: 'running', attempt: 1, startedAt: iso(T0) })] };
    const again = { ...none, tasks: [task({ state: 'running', attempt: 2, startedAt: iso(T0) })] };
    const done = { ...none, tasks: [task({ ...ran, state: 'done' })] };
    expect(lines(none, begun)).toEqual(['hook migrate begins']);
    expect(lines(begun, begun)).toEqual([]);
    expect(lines(begun, again)).toEqual(['hook migrate: try 2']);
    expect(lines(begun, done)).toEqual(['hook migrate: done in 1.2s']);
    expect(lines(begun, { ...none, tasks: [failedTask] }).slice(0, 2)).toEqual([
      'hook migrate: failed: exit code 1 · try 2',
      '  │ two',
    ]);
  });

  test('tell how hosts move, the shares, and the turn', () => {
    const rolling = windowAt('swapping', { strategy: 'rolling' });
    expect(lines(rolling, { ...rolling, moved: ['a'] })).toEqual(['swapping: 1 of 3 hosts moved']);
    const canary = windowAt('swapping', { strategy: 'canary' });
    expect(lines(canary, { ...canary, share: 0.1 })).toEqual([
      'swapping: 10% of new runs start on the new release',
    ]);
    expect(lines(rolling, { ...rolling, rollback })).toEqual([
      'going back: probe smoke failed (503)',
      'swapping: all hosts go back',
    ]);
  });

  test('tell of a watch only what got worse', () => {
    const before = windowAt('watching', { watch: WATCH, watched });
    const more = { ...watched, new: { ...watched.new, completed: 90 } };
    expect(lines(before, { ...before, watched: more })).toEqual([]);
    const worse = { ...watched, new: { ...watched.new, failed: 4 } };
    expect(lines(before, { ...before, watched: worse })).toEqual([
      'new release: 4 of 41 ends failed (20% allowed, 1% before) · 1/3 crashes · 0/0 parked',
    ]);
  });

  test('tell what happened between two looks in its order', () => {
    const before = windowAt('preparing', {
      phases: [entry('scheduled', 0, 0), entry('preparing', 0, null)],
      tasks: [task({ name: 'expand', when: 'before' }), task({}), task({ kind: 'probe', name: 'smoke' })],
    });
    const now: Window = {
      ...before,
      phase: 'verifying',
      phases: [
        entry('scheduled', 0, 0),
        entry('preparing', 0, 2_000),
        entry('draining', 2_000, 1_000),
        entry('swapping', 3_000, 1_000),
        entry('verifying', 4_000, null),
      ],
      tasks: [
        task({ name: 'expand', state: 'done', startedAt: iso(T0), endedAt: iso(T0 + 2_000) }),
        task({ state: 'done', startedAt: iso(T0 + 3_000), endedAt: iso(T0 + 4_000) }),
        task({ kind: 'probe', name: 'smoke', state: 'running', attempt: 1, startedAt: iso(T0 + 4_000) }),
      ],
      askings: [{ kind: 'extend', by: 'ada', at: iso(T0 + 2_500), byMs: 60_000 }],
    };
    expect(lines(before, now)).toEqual([
      'hook expand: done in 2.0s',
      'draining: draining it is',
      'extended by 1m00s by ada',
      'swapping: swapping it is',
      'hook migrate: done in 1.0s',
      'verifying: verifying it is',
      'probe smoke begins',
    ]);
    expect(lines(now, now)).toEqual([]);
  });

  test('tell who asked for what', () => {
    const waiting = sampleWindow({ requiresApproval: true });
    expect(changes(null, waiting, T0)).toContain(
      'waits for a second person: slackwater window approve win-1',
    );
    const approved = { kind: 'approve', by: 'ada', at: iso(T0) } as const;
    const agreed = { ...waiting, approvedBy: 'ada', askings: [approved] };
    expect(lines(waiting, agreed)).toEqual(['approved by ada']);
    const abort = { kind: 'abort', by: 'eve', at: iso(T0 + 1) } as const;
    expect(lines(agreed, { ...agreed, askings: [approved, abort] })).toEqual(['abort asked by eve']);
  });

  test('tell each end of a window that was held in between', () => {
    expect(lines(windowAt('swapping'), held)).toEqual([`held: ${held.summary}`]);
    const over = { ...held, held: null, outcome: 'completed', summary: 'all is well' } as const;
    expect(lines(held, over)).toEqual(['completed: all is well']);
  });
});

describe('a window that is held', () => {
  test('names what is wrong, the choices, and the command for each', () => {
    const lines = windowLines(held, T0 + 10_000, plain);
    expect(lines.slice(0, 10)).toEqual([
      '! held  billing old → new  win-1',
      '  Nobody knows whether the hook migrate was done: a person has to decide',
      '',
      '  held  nobody knows whether the hook migrate was done',
      '  since 1.0s ago while swapping · intake is held meanwhile; with no server alive for 50s more',
      '',
      '  retry: does the hook migrate again',
      '    slackwater window end win-1 --choice retry',
      '  go-back: goes back to release old',
      '    slackwater window end win-1 --choice go-back',
    ]);
  });

  test('is waited for again once a person has chosen', () => {
    const request = { kind: 'end', choice: 'retry', by: 'ada', at: iso(T0) } as const;
    const chosen = { ...held, request };
    expect([hasEnded(held), hasEnded(chosen), hasEnded({ ...held, held: null })]).toEqual([
      true,
      false,
      true,
    ]);
    expect(askedLines(chosen, 'end', plain)[0]).toBe('asked to retry  billing old → new  win-1');
    expect(windowLines(chosen, T0, plain)).toContain('  held  retry, decided by ada');
  });
});

test('a window is shown with its strategy, watch, approval and what was asked', () => {
  const lines = windowLines(
    windowAt('swapping', {
      strategy: 'canary',
      canary: { steps: [0.01, 0.5], stepMs: 60_000 },
      share: 0.01,
      watch: WATCH,
      watched,
      requiresApproval: true,
      approvedBy: 'ada',
      rollback: null,
      request: { kind: 'abort', by: 'eve', at: iso(T0) },
      askings: [
        { kind: 'approve', by: 'ada', at: iso(T0) },
        { kind: 'end', choice: 'go-on', by: 'bob', at: iso(T0) },
        { kind: 'abort', by: 'eve', at: iso(T0) },
      ],
    }),
    T0 + 10_000,
    plain,
  );
  const has = (text: string) => expect(lines.map(line => line.replace(/ {2,}/g, '  '))).toContain(text);
  has('  strategy  canary: 1% → 50% of new runs, 1m00s each, then all hosts');
  has('  so far  1% of new runs start on the new release');
  has('  by  ops · approved by ada · go-on chosen by bob · abort asked by eve');
  has('  approval  by ada');
  has('  watch  5m00s · 3 of 40 ends failed (20% allowed, 1% before) · 1/3 crashes · 0/0 parked');
  has('  asked  abort by eve');
});

test('a list says what a window waits for', () => {
  expect(stateText(sampleWindow({ requiresApproval: true }), plain)).toBe('scheduled, needs approval');
  expect(stateText(windowAt('draining', { rollback }), plain)).toBe('draining, going back');
  expect(stateText(held, plain)).toBe('! held');
});

test('the report of a rollback tells why, what was compared, and the hooks', () => {
  const report: Report = {
    window: 'win-1',
    app: 'billing',
    strategy: 'window',
    outcome: 'rolled-back',
    summary: '25 % of 40 ends failed. Intake is open again on release old',
    reason: 'weekly deploy',
    createdBy: 'ops',
    askings: [{ kind: 'abort', by: 'eve', at: iso(T0) }],
    from: 'old',
    to: 'new',
    startedAt: iso(T0),
    finishedAt: iso(T0 + 10_000),
    phases: [entry('draining', 0, 100), entry('watching', 100, 9_000), entry('draining', 9_100, 50)],
    downtimeMs: 60,
    drainMs: 150,
    swapMs: 20,
    stoppedMs: 41,
    pause: { p50Ms: 90, p99Ms: 160, maxMs: 171 },
    forecast: { drainMs: null },
    runs: {
      inFlight: 100,
      yielded: 95,
      finished: 5,
      forced: 0,
      resumed: 95,
      returned: 72,
      failed: 23,
      parked: 0,
    },
    failures: [
      {
        run: 'run-1',
        job: 'pdf',
        state: 'failed',
        error: '\u001B[31mError: no such page\nat line 3',
        release: 'new',
      },
      { run: 'run-2', job: 'pdf', state: 'parked', error: 'its state cannot be read', release: 'old' },
    ],
    work: { lostMs: 0, repeatedCheckpoints: 0 },
    proof: { checkpoints: 0, ms: 0, oneWay: [] },
    intake: { accepted: 0 },
    fires: [],
    blockers: [],
    refusals: [],
    tasks: [task({ ...ran, state: 'done' })],
    rollback: { because: '25 % of 40 ends failed', at: iso(T0 + 9_100), from: 'watching', hadMoved: true },
    watch: {
      ...watched,
      new: { completed: 30, failed: 10, crashes: 1, parked: 2 },
      failureRate: { new: 0.25, old: 0.01 },
    },
  };
  const lines = reportLines(report, plain);
  expect(lines[0]).toBe('↩ rolled-back  billing old → new  in 10s  win-1');
  expect(lines).toEqual(
    expect.arrayContaining([
      '  watch        10 of 40 ends failed on the new release (25%; before: 1%) · 1 crash · 2 parked',
      '  runs         100 runs in flight · 95 had moved to the new code · 72 went on in the former code · 23 failures since · 5 ended meanwhile',
      '  went back    from watching',
      '  by           ops · abort asked by eve',
      '  failed or parked',
      '    pdf  run-1  failed: Error: no such page',
      '    pdf  run-2  parked: its state cannot be read',
      '    failed for good: slackwater runs ls --window win-1 --state failed',
      '    waiting to be tried again, if any: slackwater runs ls --app billing --state delayed',
      '    parked: slackwater runs ls --window win-1 --state parked',
      '  ✓ migrate  stopped  1.2s',
    ]),
  );
  expect(reportLines({ ...report, summary: 'it is back' }, plain)).toContain(
    '  went back    from watching: 25 % of 40 ends failed',
  );
  const few = { ...watched, new: { ...NO_RECORD, failed: 3 }, failureRate: { new: 1, old: 0 }, minRuns: 20 };
  const unjudged = reportLines({ ...report, outcome: 'completed', rollback: null, watch: few }, plain);
  expect(unjudged[0]).toMatch(/^✓ completed, not judged {2}billing/);
  expect(unjudged).toContain(
    '  watch        3 of 3 ends failed on the new release (100%; before: 0%) · too few to judge (20 needed) · 0 crashes · 0 parked',
  );
});

test('a window that is completed without enough ends to judge says so', () => {
  const few = { ...watched, new: { ...NO_RECORD, failed: 3 } };
  const unjudged = windowAt('done', { outcome: 'completed', watch: WATCH, watched: few });
  expect(windowLines(unjudged, T0, plain)[0]).toBe('✓ completed, not judged  billing old → new  win-1');
});

test('an announcement is never before its window was declared, and one that starts at once has none', () => {
  const announced = (startsInMs: number) =>
    windowLines(
      sampleWindow({
        phase: 'scheduled',
        createdAt: iso(T0),
        startsAt: iso(T0 + startsInMs),
        announceMs: 600_000,
      }),
      T0 + 1_000,
      plain,
    ).find(line => line.includes('announced'));
  expect(announced(0)).toBeUndefined();
  expect(announced(60_000)).toMatch(/announced +1.0s ago: /);
  expect(announced(1_200_000)).toMatch(/announced +in 9m59s: /);
});
