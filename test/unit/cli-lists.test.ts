import { describe, expect, test } from 'vitest';
import { failedNote, type QueueStatus, queuesTable } from '../../src/cli/show/fleet.js';
import { releasesTable } from '../../src/cli/show/release.js';
import { runLines, runsTable } from '../../src/cli/show/run.js';
import { createStyle } from '../../src/cli/show/style.js';
import { windowsTable } from '../../src/cli/show/windows.js';
import type { UsedRelease } from '../../src/model/release-use.js';
import type { Run } from '../../src/model/run.js';
import type { Window } from '../../src/model/window.js';
import { iso, sampleWindow, T0 } from '../support/window-samples.js';

const plain = createStyle(false);

describe('the list of windows', () => {
  const state = (change: Partial<Window>) => {
    const window = sampleWindow({ phase: 'done', outcome: 'held', ...change });
    return / {2}old → new {2}(.*?) {2}/.exec(windowsTable([window], T0 + 1_000, plain))?.[1];
  };
  const held: Window['held'] = {
    since: iso(T0),
    phase: 'swapping',
    reason: 'nobody knows whether hook migrate was done',
    task: 'migrate',
    choices: [{ choice: 'retry', does: 'does it again' }],
    until: iso(T0 + 60_000),
  };

  test('tells a held window that waits for a person from one that has been decided on', () => {
    const request = { kind: 'end', choice: 'retry', by: 'ada', at: iso(T0) } as const;
    expect(state({ held })).toBe('! held, waits for a choice');
    expect(state({ held, request })).toBe('! held, asked to retry');
    expect(state({ held: null })).toBe('! held, released');
    expect(state({ outcome: 'completed' })).toBe('✓ completed');
  });
});

describe('the list of releases', () => {
  const release = (change: Partial<UsedRelease>) =>
    ({ id: 'new', app: 'a', jobs: [], bytes: 1, createdAt: iso(T0), ...change }) as unknown as UsedRelease;
  const state = (current: boolean, windows: UsedRelease['windows']) =>
    /^new {6}a {4}(.*?) {2,}/m.exec(releasesTable([release({ current, windows })], T0, plain))?.[1];
  const window = { id: 'win-1', phase: 'draining', outcome: null, startsAt: iso(T0 + 60_000) } as const;

  test('says which one the app runs, and where windows go', () => {
    expect(state(true, [])).toBe('current');
    expect(state(false, [window])).toBe('win-1 draining');
    expect(state(false, [{ ...window, phase: 'scheduled' }])).toBe('win-1 starts in 1m00s');
    expect(state(true, [{ ...window, phase: 'done', outcome: 'held' }])).toBe('current, win-1 held');
    expect(state(false, [])).toBe('-');
  });
});

describe('the list of runs', () => {
  const run = (change: Partial<Run>): Run =>
    ({
      id: 'run-1',
      job: 'j',
      state: 'completed',
      attempt: 1,
      progress: null,
      release: null,
      parked: null,
      error: null,
      heldBy: [],
      createdAt: iso(T0),
      ...change,
    }) as Run;
  test('is of runs that say, one by one, when and where they were started last', () => {
    const again = { startedAt: iso(T0 - 60_000), lastStartedAt: iso(T0 - 5_000), host: 'h2', fence: 3 };
    const shown = (crashes: number) => runLines(run({ ...again, crashes }), T0, plain).join('\n');
    expect(shown(0)).toMatch(/last start +5\S*s ago on h2, fence 3$/m);
    expect(shown(2)).toContain('fence 3, after its worker died (2 times since it last advanced)');
  });

  const listed = (...runs: Run[]) => runsTable(runs, T0, plain, 'none');

  test('has the reason of what did not go well or waits, on one line, and no such column where all is well', () => {
    expect(listed(run({}))).not.toContain('WHY');
    const error = { name: 'Error', message: `no\u001b[31m room\n${'x'.repeat(200)}`, stack: '' };
    expect(listed(run({}), run({ state: 'failed', error }))).toMatch(/WHY\n.*\n.* Error: no room *$/m);
    expect(listed(run({ state: 'parked', parked: { reason: 'r'.repeat(100), choices: [] } }))).toMatch(
      / r{79}…/,
    );
    const cancelled = { by: 'anna', reason: 'wrong\u001b[31m day', at: iso(T0 - 60_000) };
    expect(listed(run({ state: 'cancelled', cancelled }))).toMatch(/ anna: wrong day$/m);
    const heldBy = [
      { limit: 'concurrency' as const, reason: 'at most 2 runs of its job at once', until: null },
    ];
    expect(listed(run({ state: 'queued', heldBy }))).toContain('at most 2 runs of its job at once');
  });
});

test('under the list of queues it says what failed counts, where there is something to count', () => {
  const queue = (failed: number) => ({ counts: { failed } }) as unknown as QueueStatus;
  expect(failedNote([queue(0), queue(1)])).toMatch(/^failed: those that were parked or cancelled too; /);
  expect(failedNote([queue(0)])).toBeNull();
});

test('the list of queues has their limits', () => {
  const queue = (limits: QueueStatus['limits']): QueueStatus =>
    ({
      name: 'q',
      app: 'a',
      paused: false,
      holds: [],
      counts: { wait: 1, inLine: 2 },
      limits,
    }) as QueueStatus;
  const text = (limits: QueueStatus['limits']) => queuesTable([queue(limits)], T0, plain);
  expect(text({ concurrency: null, rate: null })).toMatch(/ {2}3 .* - {2,}open/);
  expect(text({ concurrency: 5, rate: { max: 100, perMs: 60_000 } })).toContain('5 at once, 100 in 1m00s');
});
