import { describe, expect, test } from 'vitest';
import { backfillLines, backfillPlanLines, backfillsTable } from '../../src/cli/show/backfills.js';
import { type Coming, comingLines } from '../../src/cli/show/coming.js';
import {
  firesTable,
  type ShownSchedule,
  scheduleLines,
  schedulesTable,
} from '../../src/cli/show/schedules.js';
import { createStyle, widthOf } from '../../src/cli/show/style.js';
import { type Timeline, timelineLines } from '../../src/cli/show/timeline.js';
import type { Backfill } from '../../src/model/backfill.js';
import type { Fire } from '../../src/model/schedule.js';

const style = createStyle(false);
const hour = 3_600_000;
const T0 = Date.parse('2030-03-30T12:00:00Z');
const iso = (hours: number) => new Date(T0 + hours * hour).toISOString();
const fire = (hours: number, change: object = {}) => ({
  at: T0 + hours * hour,
  inWindow: false,
  skipped: false,
  ...change,
});

describe('the timeline', () => {
  const day: Timeline = {
    from: T0,
    to: T0 + 24 * hour,
    rows: [
      { name: 'nightly', fires: [fire(13.5)], more: false },
      {
        name: 'hourly',
        fires: Array.from({ length: 23 }, (_, i) => fire(i + 1, { inWindow: i === 3 })),
        more: false,
      },
      { name: 'often', fires: Array.from({ length: 20 }, (_, i) => fire((i + 1) / 20)), more: true },
      { name: 'rests', fires: [fire(2, { skipped: true })], more: false },
    ],
    windows: [{ from: T0 + 4 * hour, to: T0 + 4.5 * hour }],
    freezes: [{ from: T0 - hour, to: T0 + 3 * hour }],
    timezone: 'UTC',
    width: 57,
  };

  test('has a line for each schedule, a column for each half-hour, and times above', () => {
    expect(timelineLines(day, style)).toEqual([
      '         ╷12:00  ╷16:00  ╷20:00  ╷03-31  ╷04:00  ╷08:00',
      'windows          █',
      'freezes  ░░░░░░',
      'nightly  ········┆··················•····················',
      'hourly   ··•·•·•·•·•·•·•·•·•·•·•·•·•·•·•·•·•·•·•·•·•·•·•·',
      'often    9+•→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→→',
      'rests    ····×···┆·······································',
    ]);
  });

  test('shows the clock of the zone, also over its change', () => {
    const [axis] = timelineLines({ ...day, timezone: 'Europe/Berlin' }, style);
    expect(axis).toBe('               ╷16:00  ╷20:00  ╷03-31╷04:00  ╷08:00');
  });

  test.each([30, 57, 80, 120, 200])('fits into %i columns', width => {
    for (const hours of [0.1, 1, 24, 24 * 30, 24 * 800]) {
      const lines = timelineLines({ ...day, to: T0 + hours * hour, width }, style);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(width, 30));
    }
  });

  test('cuts a long name, and leaves out windows and freezes where there are none', () => {
    const rows = [{ name: 'a'.repeat(60), fires: [], more: false }];
    const lines = timelineLines({ ...day, rows, windows: [], freezes: [], width: 80 }, style);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^a{27}… {2}·{50}$/);
  });
});

describe('what comes', () => {
  const coming: Coming = {
    items: [
      { schedule: 'hourly', app: 'billing', at: iso(1), startsAt: iso(1), window: null, skippedFor: null },
      {
        schedule: 'nightly',
        app: 'billing',
        at: iso(2),
        startsAt: iso(2),
        window: 'win-1',
        skippedFor: null,
      },
      {
        schedule: 'nightly',
        app: 'billing',
        at: iso(3),
        startsAt: iso(3),
        window: null,
        skippedFor: 'paused by ada',
      },
    ],
    nextCursor: null,
    from: iso(0),
    to: iso(24),
    windows: [{ id: 'win-1', app: 'billing', from: iso(2), to: iso(2.5), reason: 'new rates' }],
    freezes: [{ id: 'frz-1', app: null, from: iso(5), to: iso(6), reason: 'audit' }],
  };
  const options = { timezone: 'UTC', width: 80, limit: 2, each: 200 };

  test('is a picture, what is in the way, and a list', () => {
    const text = comingLines(coming, options, style).join('\n');
    expect(text).toMatch(/^nightly {2}.*•.*×/m);
    expect(text).toMatch(
      /window {2}2030-03-30 14:00:00 to 2030-03-30 14:30:00 {2}billing {2}new rates {2}win-1/,
    );
    expect(text).toMatch(
      /freeze {2}2030-03-30 17:00:00 to 2030-03-30 18:00:00 {2}all apps {2}audit {2}frz-1/,
    );
    expect(text).toMatch(/2030-03-30 14:00:00 {2}nightly {3}billing {2}may be held by win-1/);
    expect(text).toMatch(/… and more: slackwater schedules next NAME, or --limit/);
    expect(text).toMatch(/UTC, until 2030-03-31 12:00:00/);
  });

  test('lists the first of each: one that fires often hides no other', () => {
    const often = Array.from({ length: 10 }, (_, i) => ({ ...coming.items[0]!, at: iso(i / 100) }));
    const lines = comingLines(
      { ...coming, items: [...often, coming.items[1]!] },
      { ...options, limit: 9 },
      style,
    );
    const listed = lines.slice(lines.findIndex(line => line.startsWith('AT ')) + 1);
    expect(listed.map(line => /hourly|nightly|more/.exec(line)?.[0])).toEqual([
      'hourly',
      'hourly',
      'hourly',
      'nightly',
      'more',
    ]);
    const alone = comingLines({ ...coming, items: often }, { ...options, limit: 20 }, style);
    expect(alone.filter(line => /^2030.*hourly/.test(line))).toHaveLength(10);
  });

  test('ends with the last fire that was told, and says of which app where there are several', () => {
    const [first, ...others] = coming.items;
    const cut = { ...coming, items: [{ ...first!, app: 'other' }, ...others], nextCursor: 'x' };
    const text = comingLines(cut, options, style).join('\n');
    expect(text).toMatch(/until 2030-03-30 15:00:00/);
    expect(text).toMatch(/^other\/hourly/m);
    expect(text).toMatch(/^billing\/nightly/m);
  });

  test('is nothing', () => {
    expect(comingLines({ ...coming, items: [] }, options, style)).toEqual([
      'no fire before 2030-03-31 12:00:00',
    ]);
  });
});

describe('schedules', () => {
  const fireOf = (change: Partial<Fire> = {}): Fire => ({
    schedule: 'nightly',
    app: 'billing',
    at: iso(-1),
    fate: 'late',
    reason: 'held by window win-1, 3m00s late',
    run: 'run-1',
    ...change,
  });
  const nightly: ShownSchedule = {
    name: 'nightly',
    app: 'billing',
    release: '3f2a1c09b7de',
    queue: 'reports',
    cron: '30 2 * * *',
    timezone: 'Europe/Berlin',
    missed: 'latest',
    overlap: 'skip',
    payload: { day: 1 },
    jitterMs: 60_000,
    except: ['12-25'],
    maxMissed: 3,
    maxAgeMs: 24 * hour,
    paused: null,
    nextAt: iso(13.5),
    startsNextAt: new Date(T0 + 13.5 * hour + 7_000).toISOString(),
    last: fireOf(),
  };
  const paused = {
    ...nightly,
    name: 'rests',
    nextAt: null,
    startsNextAt: null,
    last: null,
    paused: { by: 'ada', at: iso(-2), reason: 'the source is down' },
  };

  test('as a table', () => {
    const lines = schedulesTable([nightly, paused], T0, style).split('\n');
    expect(lines[0]).toMatch(/^SCHEDULE +APP +CRON +ZONE +NEXT +LAST$/);
    expect(lines[1]).toMatch(/^nightly +billing +30 2 \* \* \* +Europe\/Berlin +in 13h30m +late 1h00m ago$/);
    expect(lines[2]).toMatch(/paused by ada +-$/);
    expect(schedulesTable([], T0, style)).toMatch(/^no schedule/);
  });

  test('with all rules', () => {
    const text = scheduleLines(nightly, T0, style).join('\n');
    for (const part of [
      /next +in 13h30m \(2030-03-31T01:30:00.000Z\)/,
      /starts +2030-03-31T01:30:07.000Z \(jitter\)/,
      /last +late 1h00m ago .*: held by window win-1/,
      /missed +latest, at most 3, none older than 24h00m|missed +latest, at most 3, none older than 1d/,
      /except +12-25/,
      /payload +{"day":1}/,
    ])
      expect(text).toMatch(part);
    expect(scheduleLines(paused, T0, style).join('\n')).toMatch(
      /paused +by ada, 2h00m ago: the source is down/,
    );
  });

  test('with the fates of their fires', () => {
    const fires = [fireOf(), fireOf({ fate: 'skipped', run: null, schedule: 'other' })];
    expect(firesTable(fires, style, true).split('\n')[2]).toMatch(/other +skipped +- +held by/);
    expect(firesTable(fires, style, false)).not.toMatch(/other/);
    expect(firesTable([], style, false)).toBe('none has fired yet');
  });
});

describe('a backfill', () => {
  const backfill: Backfill = {
    id: 'bf-1',
    app: 'billing',
    schedule: 'nightly',
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-31T00:00:00.000Z',
    concurrency: 2,
    reverse: true,
    again: false,
    state: 'running',
    waitsFor: 'queue reports is held: new rates',
    progress: {
      total: 31,
      alreadyRan: 1,
      held: 0,
      left: 18,
      running: 2,
      completed: 9,
      failed: 1,
      parked: 0,
      cancelled: 0,
      gone: 0,
    },
    createdBy: 'ada',
    createdAt: iso(-1),
    cancelledBy: null,
    endedAt: null,
  };

  test('shows how far it is, and why it waits', () => {
    const text = backfillLines(backfill, T0, style).join('\n');
    expect(text).toMatch(/^nightly {2}running {2}bf-1/);
    expect(text).toMatch(/█{10}░{20} {2}10 of 30 fires · 9 completed · 1 failed · 2 running · 18 left/);
    expect(text).toMatch(/waits +queue reports is held: new rates/);
    expect(text).toMatch(/how +2 runs at once, the newest first/);
    expect(backfillsTable([backfill], T0, style)).toMatch(/bf-1 .* running .*waits: queue reports/);
  });

  test('is full where there was nothing to do', () => {
    const none = {
      ...backfill,
      progress: { ...backfill.progress, total: 1, left: 0, running: 0, completed: 0, failed: 0 },
    };
    expect(backfillLines(none, T0, style).join('\n')).toMatch(/█{30} {2}0 of 0 fires/);
  });

  test('says before what it would run', () => {
    const fires = Array.from({ length: 30 }, (_, i) => iso(i));
    const plan = { ...backfill, total: 31, alreadyRan: 1, held: 0, fires };
    const lines = backfillPlanLines(plan, style);
    expect(lines[0]).toMatch(/nightly {2}30 fires to run from 2026-01-01/);
    expect(lines[1]).toMatch(/1 fire left out/);
    expect(lines.at(-1)).toMatch(/… and 20 more fires/);
  });
});
