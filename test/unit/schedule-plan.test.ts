import { describe, expect, test } from 'vitest';
import type { Schedule, ScheduleState } from '../../src/model/schedule.js';
import { type FirePlan, ON_TIME_MS, planFires, type Situation } from '../../src/schedule/plan-fires.js';
import { timesOf } from '../../src/schedule/times.js';
import { T0 } from '../support/window-samples.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** At each full hour, without jitter. `T0` is midnight. */
const HOURLY: Schedule = {
  job: 'nightly',
  queue: 'reports',
  cron: '0 * * * *',
  timezone: 'UTC',
  missed: 'latest',
  overlap: 'skip',
  payload: {},
  jitterMs: 0,
};
const h = (n: number) => T0 + n * hour;
const hold = { reason: 'window win-1 holds its queue', window: 'win-1' };

interface Case {
  when: string;
  of?: Partial<Schedule>;
  state?: Partial<ScheduleState>;
  now: number;
  seen?: Partial<Situation>;
  /** `ran 1`: that of 01:00. */
  fates: string[];
  /** Hours of those that are held, and that wait. */
  held?: number[];
  waiting?: number[];
  replaces?: boolean;
  /** The latest that has a fate, default: the last of `fates` and of before. */
  last?: number;
}

const missed = (n: number) => ({ at: h(n), missed: true });
const queued = (n: number) => ({ at: h(n), missed: false });

const CASES: Case[] = [
  { when: 'its time has not come', now: h(1) - 1, fates: [], last: 0 },
  { when: 'its time has come', now: h(1), fates: ['ran 1'] },
  { when: 'it is noticed within ten seconds', now: h(1) + 10 * second, fates: ['ran 1'] },
  { when: 'it is noticed later', now: h(1) + 10 * second + 1, fates: ['late 1'] },
  {
    when: 'the clock was set back after it had fired',
    state: { last: h(5) },
    now: h(2),
    fates: [],
    last: 5,
  },

  // Nobody was there.
  {
    when: 'several were missed: the latest runs',
    now: h(4.5),
    fates: ['coalesced 1', 'coalesced 2', 'coalesced 3', 'late 4'],
  },
  {
    when: 'several were missed, and one comes on time: that takes their place',
    now: h(3),
    fates: ['coalesced 1', 'coalesced 2', 'ran 3'],
  },
  {
    when: 'several were missed, and none shall run',
    of: { missed: 'skip' },
    now: h(2.5),
    fates: ['skipped 1', 'skipped 2'],
  },
  {
    when: 'several were missed, none of which shall run, and one comes on time',
    of: { missed: 'skip' },
    now: h(2),
    fates: ['skipped 1', 'ran 2'],
  },
  {
    when: 'several were missed, and all shall run: one after another',
    of: { missed: 'all' },
    now: h(3.5),
    fates: ['late 1', 'held 2', 'held 3'],
    waiting: [2, 3],
  },
  {
    when: 'the run before a missed one has ended',
    of: { missed: 'all' },
    state: { last: h(3), waiting: [missed(2), missed(3)] },
    now: h(3.6),
    fates: ['late 2'],
    waiting: [3],
    last: 3,
  },
  {
    when: 'the run before a missed one has not ended',
    of: { missed: 'all' },
    state: { last: h(3), waiting: [missed(2), missed(3)] },
    now: h(3.6),
    seen: { busy: 'run-1' },
    fates: [],
    waiting: [2, 3],
    last: 3,
  },
  {
    when: 'one comes on time while missed ones still wait: it overlaps with them',
    of: { missed: 'all' },
    state: { last: h(3), waiting: [missed(3)] },
    now: h(4),
    seen: { busy: 'run-2' },
    fates: ['skipped 4'],
    waiting: [3],
  },
  {
    when: 'one comes on time while missed ones still wait, and may wait too',
    of: { missed: 'all', overlap: 'queue' },
    state: { last: h(3), waiting: [missed(3)] },
    now: h(4),
    seen: { busy: 'run-2' },
    fates: ['held 4'],
    waiting: [3, 4],
  },
  {
    when: 'more were missed than may run',
    of: { missed: 'all', maxMissed: 2 },
    now: h(4.5),
    fates: ['skipped 1', 'skipped 2', 'late 3', 'held 4'],
    waiting: [4],
  },
  {
    when: 'some were missed too long ago',
    of: { missed: 'all', maxAgeMs: 2 * hour },
    now: h(4.5),
    fates: ['skipped 1', 'skipped 2', 'late 3', 'held 4'],
    waiting: [4],
  },
  {
    when: 'the only one was missed too long ago',
    of: { maxAgeMs: hour / 2, endsAt: new Date(h(2)).toISOString() },
    now: h(4.5),
    fates: ['skipped 1'],
  },

  // Its share of a backlog.
  {
    when: 'others run late: it waits for its share',
    now: h(1.5),
    seen: { room: 0 },
    fates: ['held 1'],
    waiting: [1],
  },
  {
    when: 'its share has come',
    state: { last: h(1), waiting: [missed(1)] },
    now: h(1.6),
    fates: ['late 1'],
    last: 1,
  },
  {
    when: 'one comes on time while one waits for its share: that takes its place',
    state: { last: h(1), waiting: [missed(1)] },
    now: h(2),
    seen: { room: 0 },
    fates: ['coalesced 1', 'ran 2'],
  },
  { when: 'one comes on time: it never waits for a share', now: h(1), seen: { room: 0 }, fates: ['ran 1'] },

  // The run before.
  { when: 'the run before has not ended', now: h(1), seen: { busy: 'run-0' }, fates: ['skipped 1'] },
  {
    when: 'the run before has not ended, and it was missed itself',
    now: h(1.5),
    seen: { busy: 'run-0' },
    fates: ['skipped 1'],
  },
  {
    when: 'several were missed, and the run before has not ended: none took the place of the others',
    now: h(3.5),
    seen: { busy: 'run-0' },
    fates: ['skipped 1', 'skipped 2', 'skipped 3'],
  },
  {
    when: 'several were missed, one comes on time, and the run before has not ended',
    state: { last: h(2), held: [{ at: h(2) }] },
    now: h(3),
    seen: { busy: 'run-0' },
    fates: ['skipped 2', 'skipped 3'],
  },
  {
    when: 'the run before has not ended: it waits',
    of: { overlap: 'queue' },
    now: h(1),
    seen: { busy: 'run-0' },
    fates: ['held 1'],
    waiting: [1],
  },
  {
    when: 'several wait for the run before',
    of: { overlap: 'queue' },
    state: { last: h(1), waiting: [queued(1)] },
    now: h(2),
    seen: { busy: 'run-0' },
    fates: ['held 2'],
    waiting: [1, 2],
  },
  {
    when: 'several wait, and the run before has ended',
    of: { overlap: 'queue' },
    state: { last: h(2), waiting: [queued(1), queued(2)] },
    now: h(2.1),
    fates: ['late 1'],
    waiting: [2],
    last: 2,
  },
  {
    when: 'more wait than may',
    of: { overlap: 'queue', maxMissed: 2 },
    state: { last: h(2), waiting: [queued(1), queued(2)] },
    now: h(3),
    seen: { busy: 'run-0' },
    fates: ['skipped 1', 'held 3'],
    waiting: [2, 3],
  },
  {
    when: 'it replaces the run before',
    of: { overlap: 'replace' },
    now: h(1),
    seen: { busy: 'run-0' },
    fates: ['held 1'],
    waiting: [1],
    replaces: true,
  },
  {
    when: 'the run before is still being cancelled',
    of: { overlap: 'replace' },
    state: { last: h(1), waiting: [queued(1)] },
    now: h(1.1),
    seen: { busy: 'run-0' },
    fates: [],
    waiting: [1],
    replaces: true,
    last: 1,
  },
  {
    when: 'the run before is gone',
    of: { overlap: 'replace' },
    state: { last: h(1), waiting: [queued(1)] },
    now: h(1.1),
    fates: ['late 1'],
    last: 1,
  },
  {
    when: 'it replaces one that waits to replace',
    of: { overlap: 'replace' },
    state: { last: h(1), waiting: [queued(1)] },
    now: h(2),
    seen: { busy: 'run-0' },
    fates: ['skipped 1', 'held 2'],
    waiting: [2],
    replaces: true,
  },

  // Its queue is held.
  { when: 'a window holds its queue', now: h(1), seen: { hold }, fates: ['held 1'], held: [1] },
  {
    when: 'a window holds its queue over several',
    state: { last: h(1), held: [{ at: h(1) }] },
    now: h(3),
    seen: { hold },
    fates: ['held 2', 'held 3'],
    held: [1, 2, 3],
  },
  {
    when: 'a window holds its queue, and it was missed before',
    of: { missed: 'skip' },
    now: h(1.5),
    seen: { hold },
    fates: ['held 1'],
    held: [1],
  },
  {
    when: 'a window held several: the latest runs',
    state: { last: h(3), held: [{ at: h(2) }, { at: h(3) }] },
    now: h(3.1),
    fates: ['coalesced 2', 'late 3'],
  },
  {
    when: 'a window held several, and one comes on time after it',
    state: { last: h(3), held: [{ at: h(2) }, { at: h(3) }] },
    now: h(4),
    fates: ['coalesced 2', 'coalesced 3', 'ran 4'],
  },
  {
    when: 'a window held several, and all shall run',
    of: { missed: 'all' },
    state: { last: h(3), held: [{ at: h(2) }, { at: h(3) }] },
    now: h(3.1),
    fates: ['late 2', 'held 3'],
    waiting: [3],
  },
  {
    when: 'a window held several, and none shall run late',
    of: { missed: 'skip' },
    state: { last: h(3), held: [{ at: h(2) }, { at: h(3) }] },
    now: h(3.1),
    fates: ['skipped 2', 'skipped 3'],
  },
  {
    when: 'a window held it, and the run before has yielded and goes on',
    state: { last: h(1), held: [{ at: h(1) }] },
    now: h(1.1),
    seen: { busy: 'run-0' },
    fates: ['skipped 1'],
  },
  {
    when: 'more are held than may run',
    of: { missed: 'all', maxMissed: 2 },
    state: { last: h(2), held: [{ at: h(1) }, { at: h(2) }] },
    now: h(3),
    seen: { hold },
    fates: ['skipped 1', 'held 3'],
    held: [2, 3],
  },
  {
    when: 'more are held than may run, of which one shall',
    of: { maxMissed: 2 },
    state: { last: h(2), held: [{ at: h(1) }, { at: h(2) }] },
    now: h(3),
    seen: { hold },
    fates: ['coalesced 1', 'held 3'],
    held: [2, 3],
  },
  {
    when: 'its queue is held while a missed one waits for its turn',
    of: { missed: 'all' },
    state: { last: h(1), waiting: [missed(1)] },
    now: h(1.1),
    seen: { hold },
    fates: [],
    waiting: [1],
    last: 1,
  },

  // Nobody wants it.
  {
    when: 'a person lets it rest',
    now: h(1),
    seen: { paused: { by: 'ann', at: '', reason: null } },
    fates: ['skipped 1'],
  },
  {
    when: 'a person lets it rest while some are held and wait',
    state: { last: h(2), held: [{ at: h(1) }], waiting: [missed(2)] },
    now: h(3),
    seen: { paused: { by: 'ann', at: '', reason: null }, hold },
    fates: ['skipped 1', 'skipped 2', 'skipped 3'],
  },
  {
    when: 'its day is left out',
    of: { except: ['01-01'] },
    state: { last: h(-1) },
    now: h(0),
    fates: ['skipped 0'],
  },
  {
    when: 'its day is left out in its zone, not in UTC',
    of: { except: ['2030-01-01'], timezone: 'America/New_York' },
    now: h(1),
    fates: ['ran 1'],
  },
  { when: 'it has not begun', of: { startsAt: new Date(h(2)).toISOString() }, now: h(2), fates: ['ran 2'] },
  { when: 'it has ended', of: { endsAt: new Date(h(2)).toISOString() }, now: h(5), fates: ['late 1'] },
];

const SITUATION: Omit<Situation, 'now'> = { paused: null, hold: null, busy: null, room: 20 };
const STATE: ScheduleState = { last: T0, held: [], waiting: [], run: null };

function plan({
  of = {},
  state = {},
  now,
  seen = {},
}: Pick<Case, 'of' | 'state' | 'now' | 'seen'>): FirePlan {
  const schedule = { ...HOURLY, ...of };
  return planFires(
    schedule,
    timesOf('billing', schedule),
    { ...STATE, ...state },
    { ...SITUATION, ...seen, now },
  );
}

const hours = (fires: { at: number }[]) => fires.map(({ at }) => (at - T0) / hour);
const told = ({ fires }: FirePlan) => fires.map(({ fate, at }) => `${fate} ${(at - T0) / hour}`);

describe('what becomes of the fires of a schedule, when', () => {
  test.each(CASES)('$when', ({ fates, held = [], waiting = [], replaces = false, last, ...given }) => {
    const planned = plan(given);
    expect(told(planned)).toEqual(fates);
    expect(hours(planned.state.held)).toEqual(held);
    expect(hours(planned.state.waiting)).toEqual(waiting);
    expect(planned.replaces).toBe(replaces);
    const latest = last ?? Math.max(...fates.map(fate => Number(fate.split(' ')[1])));
    expect((planned.state.last - T0) / hour).toBe(latest);
  });

  test('a missed one has waited for so long that it is too old', () => {
    const planned = plan({
      of: { missed: 'all', endsAt: new Date(h(2)).toISOString() },
      state: { last: h(1), waiting: [missed(1)] },
      now: h(1) + 7 * day + 1,
    });
    expect(told(planned)).toEqual(['skipped 1']);
    expect(planned.state.waiting).toEqual([]);
  });
});

test('says why, for people', () => {
  const { fires } = plan({
    of: { missed: 'all' },
    state: {
      last: h(2),
      held: [
        { at: h(1), held: true, window: 'win-1' },
        { at: h(2), held: true },
      ],
    },
    now: h(3) + 5 * minute,
  });
  expect(fires).toEqual([
    { at: h(1), fate: 'late', reason: 'held by window win-1, 2h05m late', window: 'win-1' },
    {
      at: h(2),
      fate: 'held',
      reason:
        'the one of 2030-01-01T01:00:00Z has only just begun, and missed ones run one after another (missed: all)',
    },
    {
      at: h(3),
      fate: 'held',
      reason: expect.stringContaining('the one of 2030-01-01T02:00:00Z has not run yet'),
    },
  ]);
});

test('says of a missed one why that did not run which was to take its place', () => {
  const { fires } = plan({ now: h(2.5), seen: { busy: 'run-0' } });
  expect(fires[0]!.reason).toBe(
    'the one of 2030-01-01T02:00:00Z was to take its place (missed: latest), and run run-0 has not ended (overlap: skip)',
  );
});

describe('jitter', () => {
  const dueOf = (job: string, more: Partial<Schedule> = {}, after = T0) => {
    const { jitterMs: _, ...schedule } = { ...HOURLY, job, ...more };
    const tick = timesOf('billing', {
      ...schedule,
      ...('jitterMs' in more && { jitterMs: more.jitterMs! }),
    }).after(after)!;
    return tick.dueAt - tick.at;
  };
  const jobs = Array.from({ length: 1_000 }, (_, i) => `job-${i}`);

  test('spreads a thousand jobs of one instant over ten seconds', () => {
    const shares = jobs.map(job => dueOf(job));
    expect(Math.min(...shares)).toBeLessThan(200);
    expect(Math.max(...shares)).toBeGreaterThan(9_800);
    expect(Math.max(...shares)).toBeLessThan(10_000);
    const perSecond = Array.from(
      { length: 10 },
      (_, s) => shares.filter(ms => Math.floor(ms / second) === s).length,
    );
    expect(Math.max(...perSecond)).toBeLessThan(150);
  });

  test('is the same every time, and at most a tenth of the time to the next fire', () => {
    expect(dueOf('job-7', {}, h(5))).toBe(dueOf('job-7'));
    expect(dueOf('job-7', { cron: '* * * * * *' })).toBe(Math.floor(dueOf('job-7') / 100));
    for (const job of jobs) expect(dueOf(job, { cron: '* * * * *' })).toBeLessThan(6 * second);
  });

  test('is what was asked for', () => {
    expect(dueOf('job-7', { jitterMs: 0 })).toBe(0);
    expect(Math.abs(dueOf('job-7', { jitterMs: hour }) - 360 * dueOf('job-7'))).toBeLessThan(400);
  });
});

describe('very many were missed', () => {
  test.each([
    ['of each second', '* * * * * *', 30 * day, 750],
    ['of each minute', '* * * * *', 30 * day, 750],
    ['of a few more minutes than are told', '* * * * *', 1_100 * minute, 750],
    ['of each second of one day in the year, long past', '* * * 2 1 *', 200 * day, 1],
  ])('%s: the newest are told one by one, and the latest runs', (_, cron, ago, least) => {
    const given = { of: { cron, maxAgeMs: 365 * day }, state: { last: T0 }, now: T0 + ago };
    const { fires, state } = plan(given);
    expect(fires.length).toBeGreaterThan(least);
    expect(fires.length).toBeLessThanOrEqual(1_001);
    expect(fires[0]).toMatchObject({ fate: 'skipped', reason: expect.stringContaining('and so all from') });
    // Where several come within the ten seconds that are on time, the first of them runs and the others overlap with it.
    const ran = fires.findIndex(({ fate }) => fate === 'ran' || fate === 'late');
    expect(fires.slice(1, ran).every(({ fate }) => fate === 'coalesced')).toBe(true);
    expect(given.now - fires[ran]!.at <= ON_TIME_MS || ran === fires.length - 1).toBe(true);
    expect(fires.slice(ran + 1).every(({ fate }) => fate === 'skipped')).toBe(true);
    const schedule = { ...HOURLY, cron };
    const next = timesOf('billing', schedule).after(fires.at(-1)!.at);
    expect(next === null || next.dueAt > given.now).toBe(true);
    expect(state.last).toBe(fires.at(-1)!.at);
  });

  test('nothing is told twice: the next look finds nothing', () => {
    const given = { of: { cron: '* * * * * *' }, state: { last: T0 }, now: T0 + 3 * day };
    const { state } = plan(given);
    expect(plan({ ...given, state }).fires).toEqual([]);
  });
});

test('the clock goes forward and back at will: no fire ever gets two fates', () => {
  const seen = new Set<number>();
  let state = STATE;
  for (const shift of [0, 3, -2, 50, -49, 20, 60, 59, 61, 0, 200]) {
    const planned = plan({ state, now: h(shift) });
    for (const { at } of planned.fires) {
      expect(seen.has(at)).toBe(false);
      seen.add(at);
    }
    state = planned.state;
  }
  expect(seen.size).toBe(200);
});
