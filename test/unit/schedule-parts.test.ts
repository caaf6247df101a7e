import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Schedule } from '../../src/model/schedule.js';
import { diffSchedules, isRetimed } from '../../src/schedule/diff.js';
import { DueHeap } from '../../src/schedule/due.js';
import { Pace } from '../../src/schedule/pace.js';
import { upcomingFires } from '../../src/schedule/upcoming.js';
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

test('the coming fires of several schedules come in their order', () => {
  const often = { ...SCHEDULE, app: 'two', job: 'often', cron: '0 */6 * * *', jitterMs: 0 };
  const nightly = { ...SCHEDULE, app: 'one', jitterMs: 0, except: ['2030-01-02'] };
  const all = upcomingFires([often, nightly], { from: T0, to: T0 + 27 * hour, limit: 100 });
  expect(all.map(({ schedule, at, leftOut }) => [schedule, (at - T0) / hour, leftOut])).toEqual([
    ['nightly', 2, null],
    ['often', 6, null],
    ['often', 12, null],
    ['often', 18, null],
    ['often', 24, null],
    ['nightly', 26, '2030-01-02'],
  ]);
  expect(upcomingFires([often, nightly], { from: T0, limit: 2 })).toHaveLength(2);
});
