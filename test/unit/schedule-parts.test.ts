import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Schedule } from '../../src/model/schedule.js';
import { diffSchedules, isRetimed } from '../../src/schedule/diff.js';
import { DueHeap } from '../../src/schedule/due.js';
import { Pace } from '../../src/schedule/pace.js';
import { timesOf } from '../../src/schedule/times.js';
import { type ComingFire, upcomingFires } from '../../src/schedule/upcoming.js';
import { T0 } from '../support/window-samples.js';

const SCHEDULE: Schedule = {
  job: 'nightly',
  queue: 'reports',
  cron: '0 2 * * *',
  timezone: 'UTC',
  missed: 'latest',
  overlap: 'skip',
  payload: { day: 1 },
};
const hour = 3_600_000;

test('the heap gives what is due, the first first', () => {
  const step = fc.oneof(fc.record({ push: fc.nat(1_000) }), fc.record({ take: fc.nat(1_000) }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const heap = new DueHeap<number>();
      let all: number[] = [];
      for (const each of steps) {
        if ('push' in each) {
          heap.push(each.push, each.push);
          all.push(each.push);
        } else {
          const due = all.filter(at => at <= each.take).sort((a, b) => a - b);
          all = all.filter(at => at > each.take);
          expect(heap.take(each.take)).toEqual(due);
        }
        expect(heap.first).toBe(Math.min(Number.POSITIVE_INFINITY, ...all));
      }
    }),
  );
});

test('late fires of an app go at their rate, within any second, and those of another beside them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(400), { maxLength: 100 }), (rate, waits) => {
      let now = 0;
      const pace = new Pace({ monotonic: () => now, now: () => now, after: () => () => {} }, rate);
      const went: number[] = [];
      for (const wait of waits) {
        now += wait;
        const room = pace.room('one');
        pace.went('one', room);
        for (let i = 0; i < room; i++) went.push(now);
      }
      for (const at of went)
        expect(went.filter(other => other > at - 1_000 && other <= at).length).toBeLessThanOrEqual(rate);
      expect(pace.room('two')).toBe(Math.ceil(rate / 5));
    }),
  );
});

test('a backlog goes at its rate, not slower', () => {
  let now = 0;
  const pace = new Pace({ monotonic: () => now, now: () => now, after: () => () => {} }, 20);
  let went = 0;
  for (; now < 10_000; now += 200) {
    const room = pace.room('one');
    pace.went('one', room);
    went += room;
  }
  expect(went).toBe(200);
});

describe('how schedules change', () => {
  const differ = (before: Schedule[], after: Schedule[]) => diffSchedules(before, after);

  test('is told by name, and of those that stay by field', () => {
    const other = { ...SCHEDULE, job: 'hourly' };
    const changed = { ...SCHEDULE, cron: '0 3 * * *', payload: { day: 2 }, jitterMs: 0 };
    expect(differ([SCHEDULE, other], [changed, { ...SCHEDULE, job: 'weekly' }])).toEqual({
      added: ['weekly'],
      removed: ['hourly'],
      changed: [
        {
          schedule: 'nightly',
          fields: [
            { field: 'cron', from: '0 2 * * *', to: '0 3 * * *' },
            { field: 'payload', from: { day: 1 }, to: { day: 2 } },
            { field: 'jitterMs', from: null, to: 0 },
          ],
        },
      ],
    });
    expect(differ([SCHEDULE], [structuredClone(SCHEDULE)])).toEqual({ added: [], removed: [], changed: [] });
  });

  test.each([
    [{ cron: '0 3 * * *' }, true],
    [{ timezone: 'Europe/Berlin' }, true],
    [{ jitterMs: 0 }, true],
    [{ startsAt: '2030-01-01T00:00:00.000Z' }, true],
    [{ endsAt: '2030-01-01T00:00:00.000Z' }, true],
    [{ except: ['12-25'] }, true],
    [{ payload: {}, missed: 'all', overlap: 'queue', maxMissed: 3, maxAgeMs: 1, queue: 'other' }, false],
  ] as [Partial<Schedule>, boolean][])('with %o: other times is %s', (change, is) => {
    expect(isRetimed(SCHEDULE, { ...SCHEDULE, ...change })).toBe(is);
  });
});

test('the coming fires of several schedules come in their order', async () => {
  const often = { ...SCHEDULE, app: 'two', job: 'often', cron: '0 */6 * * *', jitterMs: 0 };
  const nightly = { ...SCHEDULE, app: 'one', jitterMs: 0, except: ['2030-01-02'] };
  const span = { from: T0, to: T0 + 27 * hour, limit: 100 };
  const { fires, more } = await upcomingFires([often, nightly], span);
  expect(fires.map(({ schedule, at, leftOut }) => [schedule, (at - T0) / hour, leftOut])).toEqual([
    ['nightly', 2, null],
    ['often', 6, null],
    ['often', 12, null],
    ['often', 18, null],
    ['often', 24, null],
    ['nightly', 26, '2030-01-02'],
  ]);
  expect(more).toBe(false);
  const first = await upcomingFires([often, nightly], { from: T0, limit: 2 });
  expect([first.fires.length, first.more]).toEqual([2, true]);
  expect((await upcomingFires([often, nightly], { ...span, each: 1 })).fires).toHaveLength(2);
});

test('page by page the coming fires come once and in order, however many have one instant', async () => {
  const schedules = Array.from({ length: 60 }, (_, i) => ({
    ...SCHEDULE,
    app: i % 2 ? 'one' : 'two',
    job: `job-${i}`,
    cron: i % 3 ? '0 * * * *' : '*/20 * * * *',
    jitterMs: 0,
  }));
  const span = { from: T0, to: T0 + 5 * hour + 1, limit: 10_000 };
  const all = (await upcomingFires(schedules, span)).fires;
  expect(all).toHaveLength(20 * 15 + 40 * 5);
  const keys = all.map(({ at, app, schedule }) => `${at} ${app} ${schedule}`);
  expect(keys).toEqual([...keys].sort());
  for (const limit of [7, 60]) {
    const pages: ComingFire[] = [];
    for (let more = true; more; ) {
      const page = await upcomingFires(schedules, { ...span, limit, after: pages.at(-1) });
      expect(page.fires.length).toBeLessThanOrEqual(limit);
      pages.push(...page.fires);
      more = page.more;
    }
    expect(pages).toEqual(all);
  }
});

test('a thousand patterns do not hold the loop while their fires are found, nor does one of a zone that nobody knows hide the others', async () => {
  const schedules = Array.from({ length: 1_000 }, (_, i) => ({
    ...SCHEDULE,
    app: 'one',
    job: `job-${i}`,
    cron: `${i % 60} ${Math.floor(i / 60)}-23/3 * * *`,
    timezone: i === 500 ? 'Mars/Olympus' : 'UTC',
  }));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const span = { from: T0, to: T0 + 24 * hour, limit: 10_000 };
  const { fires } = await upcomingFires(schedules, span);
  clearInterval(timer);
  expect(new Set(fires.map(({ schedule }) => schedule)).size).toBe(999);
  expect(turns).toBeGreaterThan(5);
});

test('days that are left out are passed over, however many fires they have', () => {
  const daily = { ...SCHEDULE, cron: '* * * * *', timezone: 'Asia/Tokyo', jitterMs: 0 };
  const midnight = (day: string) => Date.parse(`${day}T00:00:00+09:00`);
  const days = ['2030-01-01', '01-02', '01-03'];
  const next = (except: string[], after: number) => timesOf('one', { ...daily, except }).keptAfter(after);
  expect(next(days, midnight('2030-01-01') + hour)).toMatchObject({
    at: midnight('2030-01-04'),
    leftOut: null,
  });
  expect(next(['2030-01-02'], midnight('2030-01-01') + hour)).toMatchObject({
    at: midnight('2030-01-01') + hour + 60_000,
  });
  const all = Array.from({ length: 366 }, (_, i) =>
    new Date(Date.UTC(2028, 0, 1 + i)).toISOString().slice(5, 10),
  );
  expect(next(all, midnight('2030-01-01'))).toBeNull();
});
