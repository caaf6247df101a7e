import { describe, expect, test } from 'vitest';
import { releasesTable } from '../../src/cli/show/release.js';
import { createStyle } from '../../src/cli/show/style.js';
import { windowsTable } from '../../src/cli/show/windows.js';
import type { UsedRelease } from '../../src/model/release-use.js';
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
