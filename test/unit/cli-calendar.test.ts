import { expect, test } from 'vitest';
import {
  firesTable,
  freezesTable,
  freezeText,
  type ShownSchedule,
  schedulesTable,
  scheduleText,
} from '../../src/cli/show/calendar.js';
import { createStyle } from '../../src/cli/show/style.js';
import { iso, sampleFreeze, T0 } from '../support/window-samples.js';

const plain = createStyle(false);
const day = 86_400_000;

const schedule: ShownSchedule = {
  id: 'wsch-1',
  app: 'billing',
  cron: '30 2 * * 1-5',
  timezone: 'Europe/Berlin',
  reason: 'nightly',
  createdBy: 'ops',
  createdAt: iso(T0),
  paused: false,
  drainTimeoutMs: 1,
  onDrainTimeout: 'abort',
  maxDurationMs: 1,
  nextAt: iso(T0 + 3_600_000),
  last: null,
};

test('freezes say for whom they hold, and whether they do now', () => {
  const freezes = [
    sampleFreeze({ id: 'frz-0', from: iso(T0 - 2 * day), to: iso(T0 - day) }),
    sampleFreeze({ id: 'frz-1' }),
    sampleFreeze({ id: 'frz-2', app: 'billing', from: iso(T0 + 600_000), to: iso(T0 + day) }),
  ];
  const rows = freezesTable(freezes, T0, plain).split('\n').slice(1);
  expect(rows[0]).toMatch(/^frz-0 +all .* over +holidays$/);
  expect(rows[1]).toMatch(/^frz-1 +all .* in force +holidays$/);
  expect(rows[2]).toMatch(/^frz-2 +billing .* in 10m00s +holidays$/);
  expect(freezesTable([], T0, plain)).toMatch(/^no freeze/);
  expect(freezeText(freezes[1]!)).toMatch(/no window of any app starts from 2030-01-01/);
});

test('recurring windows say when they come, and what became of the last', () => {
  const fire = { schedule: 'wsch-1', app: 'billing', at: iso(T0), window: null, reason: 'year end' };
  expect(scheduleText(schedule, T0)).toMatch(
    /^wsch-1 {2}windows of billing at 30 2 \* \* 1-5 .* next in 1h00m/,
  );
  const rows = schedulesTable(
    [schedule, { ...schedule, paused: true, nextAt: null, last: { ...fire, fate: 'refused' } }],
    T0,
    plain,
  ).split('\n');
  expect(rows[1]).toMatch(/next in 1h00m .* - +nightly$/);
  expect(rows[2]).toMatch(/paused +refused +nightly$/);
  const table = firesTable([{ ...fire, fate: 'missed' }], plain);
  expect(table).toMatch(/2030-01-01T00:00:00.000Z +missed +- +year end$/);
});
