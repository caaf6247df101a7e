import { expect, test } from 'vitest';
import { createStyle } from '../../src/cli/show/style.js';
import { comingText, diffLines, heldFireLines } from '../../src/cli/show/window-fires.js';
import type { Fate, Fire } from '../../src/model/schedule.js';
import { iso, T0 } from '../support/window-samples.js';

const plain = createStyle(false);
const fire = (schedule: string, minute: number, fate: Fate, reason = 'why'): Fire => ({
  schedule,
  app: 'billing',
  at: iso(T0 + minute * 60_000),
  fate,
  reason,
  run: null,
});

test('a plan tells how many fires would fall in, of which schedules, and from when on', () => {
  expect(comingText([])).toBeNull();
  expect(comingText([fire('nightly', 1, 'held')])).toBe(
    '1 fire of 1 schedule would fall in, were all its time taken (nightly, from 2030-01-01T00:01:00.000Z)',
  );
  expect(comingText([fire('nightly', 1, 'held')], true)).toContain('1 fire and more of 1 schedule would');
  const many = ['a', 'b', 'c', 'd', 'a'].map((name, i) => fire(name, i, 'held'));
  expect(comingText(many)).toContain(
    '5 fires of 4 schedules would fall in, were all its time taken (a, b, c, …, from',
  );
});

test('a plan tells how schedules change', () => {
  const none = { added: [], removed: [], changed: [] };
  expect(diffLines(undefined, plain)).toEqual([]);
  expect(diffLines(none, plain)).toEqual([]);
  const changed = [{ schedule: 'weekly', fields: [{ field: 'cron', from: '0 2 * * 1', to: '0 3 * * 1' }] }];
  expect(diffLines({ added: ['nightly'], removed: ['hourly'], changed }, plain)).toEqual([
    '',
    '  schedules',
    '    + nightly',
    '    - hourly',
    '    ~ weekly  cron "0 2 * * 1" → "0 3 * * 1"',
  ]);
  const lines = diffLines({ ...none, added: Array.from({ length: 25 }, (_, i) => `job-${i}`) }, plain);
  expect(lines).toHaveLength(2 + 20 + 1);
  expect(lines.at(-1)).toContain('and 5 more');
});

test('a report tells what became of the fires that fell in', () => {
  expect(heldFireLines([], plain)).toEqual([]);
  const fires = [
    fire('nightly', 0, 'coalesced'),
    fire('nightly', 1, 'late', 'held by window win-1'),
    fire('b', 2, 'held'),
  ];
  expect(heldFireLines(fires, plain)).toEqual([
    '',
    '  fires  3 fires fell in: 1 still held, 1 late, 1 coalesced',
    '    nightly  2030-01-01T00:00:00.000Z  coalesced  why',
    '    nightly  2030-01-01T00:01:00.000Z  late       held by window win-1',
    '    b        2030-01-01T00:02:00.000Z  held       why',
  ]);
  const many = heldFireLines(
    Array.from({ length: 12 }, (_, i) => fire('nightly', i, 'late')),
    plain,
  );
  expect(many.at(-1)).toContain('and 2 more fires');
});
