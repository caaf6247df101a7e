import { describe, expect, test } from 'vitest';
import { styleOf } from '../../src/cli/output.js';
import { runsTable } from '../../src/cli/show/run.js';
import { firesTable, type ShownSchedule, schedulesTable } from '../../src/cli/show/schedules.js';
import { createStyle, type Style, widthOf } from '../../src/cli/show/style.js';
import { facts, table } from '../../src/cli/show/table.js';
import type { Run } from '../../src/model/run.js';
import type { Fire } from '../../src/model/schedule.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const at = new Date(NOW - 900_000).toISOString();
const why = 'the table of the warehouse is locked by another one, and nobody knows by which';

const run = {
  id: 'default.billing.statements.20300101T000000Z',
  job: 'billing.statements',
  state: 'failed',
  attempt: 3,
  progress: { done: 34, total: 200, note: 'statements' },
  release: '8104b4b1fe3b',
  createdAt: at,
  parked: null,
  error: { name: 'TypeError', message: why, stack: '' },
  heldBy: [],
} as unknown as Run;
const fire: Fire = { schedule: run.job, app: 'default', at, fate: 'late', reason: why, run: run.id };
const schedule = {
  name: run.job,
  app: 'default',
  cron: '0,15,30,45 2-6 * * *',
  timezone: 'America/Argentina/Buenos_Aires',
  nextAt: at,
  paused: null,
  last: { ...fire, fate: 'coalesced' },
} as unknown as ShownSchedule;

const wordsOf = (text: string) => text.split(/\s+/).filter(Boolean).sort();

describe('a table on a narrow terminal', () => {
  const tables: [name: string, of: (style: Style) => string][] = [
    ['runs', style => runsTable([run, { ...run, state: 'completed' }], NOW, style, '')],
    ['fires', style => firesTable([fire, { ...fire, run: null }], style, true)],
    ['schedules', style => schedulesTable([schedule], NOW, style)],
  ];
  test.each(tables)('of %s is no wider, and says all that it says on a wide one', (_, of) => {
    const whole = of(createStyle(false));
    for (const columns of [60, 80, 100]) {
      const narrow = of(createStyle(false, columns));
      expect(Math.max(...narrow.split('\n').map(widthOf))).toBeLessThanOrEqual(columns);
      expect(wordsOf(narrow)).toEqual(wordsOf(whole));
    }
    expect(of(createStyle(false, 400))).toBe(whole);
  });

  const columns = [
    { title: 'name', value: ([name]: string[]) => name! },
    { title: 'runs', value: ([, count]: string[]) => count!, right: true },
    { title: 'why', value: ([, , text]: string[]) => text!, text: true },
  ];
  const rows = [
    ['a', '7', 'it was late, and nobody had asked'],
    ['longer', '12', 'on time'],
  ];

  test('breaks a text in its column where few lines are enough', () => {
    expect(table(rows, columns, createStyle(false, 34)).split('\n')).toEqual([
      'NAME    RUNS  WHY',
      'a          7  it was late, and',
      '              nobody had asked',
      'longer    12  on time',
    ]);
  });

  test('puts what does not fit below, a little in', () => {
    expect(table(rows, columns, createStyle(false, 24)).split('\n')).toEqual([
      'NAME    RUNS',
      '  WHY',
      'a          7',
      '  it was late, and',
      '  nobody had asked',
      'longer    12',
      '  on time',
    ]);
  });
});

test('a value that is broken goes on under itself', () => {
  const entries: [string, string][] = [
    ['app', 'billing'],
    ['reason', 'a table is locked'],
  ];
  expect(facts(entries, createStyle(false, 20), '  ')).toEqual([
    '  app     billing',
    '  reason  a table is',
    '          locked',
  ]);
});

test('only a terminal has a width', () => {
  expect(styleOf({ isTTY: true, columns: 80 }, {}).columns).toBe(80);
  expect(styleOf({ columns: 80 }, {}).columns).toBe(Number.POSITIVE_INFINITY);
});
