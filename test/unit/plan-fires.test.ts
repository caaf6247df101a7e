import { describe, expect, test } from 'vitest';
import { planWindowFires, type Recurring, type WindowFirePlan } from '../../src/window/plan-fires.js';
import { iso, T0 } from '../support/window-samples.js';

const minute = 60_000;
const hour = 60 * minute;
/** At 02:00, for an hour. */
const nightly: Recurring = { cron: '0 2 * * *', timezone: 'UTC', maxDurationMs: hour };
/** Each quarter of an hour, for half an hour. */
const often: Recurring = { cron: '*/15 * * * *', timezone: 'UTC', maxDurationMs: 30 * minute };
const night = (n: number) => T0 + n * 24 * hour + 2 * hour;

interface Case {
  when: string;
  of: Recurring;
  /** Default: `T0`, midnight. */
  last?: number;
  now: number;
  missed?: number[];
  due?: number;
  next: number;
}

const CASES: Case[] = [
  { when: 'its time has not come', of: nightly, now: night(0) - 1, next: night(0) },
  { when: 'its time has come', of: nightly, now: night(0), due: night(0), next: night(1) },
  { when: 'it has fired already', of: nightly, last: night(0), now: night(0), next: night(1) },
  { when: 'a server comes late', of: nightly, now: night(0) + hour - 1, due: night(0), next: night(1) },
  { when: 'a server comes too late', of: nightly, now: night(0) + hour, missed: [night(0)], next: night(1) },
  {
    when: 'no server was there for three nights and comes in the fourth',
    of: nightly,
    now: night(3) + 5 * minute,
    missed: [night(0), night(1), night(2)],
    due: night(3),
    next: night(4),
  },
  {
    when: 'no server was there for three nights and comes by day',
    of: nightly,
    now: night(2) + 5 * hour,
    missed: [night(0), night(1), night(2)],
    next: night(3),
  },
  {
    when: 'several could still open: the latest does',
    of: often,
    now: T0 + 46 * minute,
    missed: [T0 + 15 * minute, T0 + 30 * minute],
    due: T0 + 45 * minute,
    next: T0 + hour,
  },
  {
    when: 'the clock was set back after it had fired',
    of: nightly,
    last: night(3),
    now: night(0) + 10 * minute,
    next: night(4),
  },
  {
    when: 'its window is announced: it is due that much earlier',
    of: { ...nightly, announceMs: 30 * minute },
    now: night(0) - 30 * minute,
    due: night(0),
    next: night(1) - 30 * minute,
  },
  {
    when: 'its window is not yet announced',
    of: { ...nightly, announceMs: 30 * minute },
    now: night(0) - 30 * minute - 1,
    next: night(0) - 30 * minute,
  },
  {
    when: 'several are announced at the same time: one after the other, none is missed',
    of: { ...often, announceMs: 40 * minute },
    now: T0 + 5 * minute,
    due: T0 + 15 * minute,
    next: T0 + 5 * minute,
  },
  {
    when: 'a late one comes before one that is announced',
    of: { ...often, announceMs: 10 * minute },
    now: T0 + 20 * minute,
    due: T0 + 15 * minute,
    next: T0 + 20 * minute,
  },
  {
    when: 'the late one has its fate: the one that is announced follows',
    of: { ...often, announceMs: 10 * minute },
    last: T0 + 15 * minute,
    now: T0 + 20 * minute,
    due: T0 + 30 * minute,
    next: T0 + 35 * minute,
  },
];

describe('what is due of a recurring window, when', () => {
  test.each(CASES)('$when', ({ of, last = T0, now, missed = [], due = null, next }) => {
    expect(inWords(planWindowFires(of, last, now))).toEqual(inWords({ missed, due, next }));
  });

  test('very many were missed: they get their fates in several looks, and only the last of all opens', () => {
    const each: Recurring = { ...often, cron: '* * * * *' };
    const now = T0 + 1_000 * minute;
    const fates: number[] = [];
    let last = T0;
    let plan = planWindowFires(each, last, now);
    while (plan.due === null) {
      expect(plan.next).toBe(now);
      fates.push(...plan.missed);
      last = plan.missed.at(-1)!;
      plan = planWindowFires(each, last, now);
    }
    fates.push(...plan.missed, plan.due);
    expect(fates).toEqual(Array.from({ length: 1_000 }, (_, i) => T0 + (i + 1) * minute));
  });

  test('the clock goes forward and back at will: no fire ever has two fates', () => {
    const seen = new Set<number>();
    let last = T0;
    for (const shift of [0, 3, -2, 50, -49, 20, 60, 59, 61, 0, 200]) {
      const { missed, due } = planWindowFires(often, last, T0 + shift * 10 * minute);
      const fates = due === null ? missed : [...missed, due];
      for (const at of fates) {
        expect(seen.has(at)).toBe(false);
        seen.add(at);
      }
      last = Math.max(last, ...fates);
    }
    expect(seen.size).toBe(2_000 / 15 - ((2_000 / 15) % 1));
  });

  test('it never fires again', () => {
    const once = { ...nightly, cron: '0 0 0 1 1 * 2030' };
    expect(planWindowFires(once, T0, T0 + 365 * 24 * hour)).toEqual({ missed: [], due: null, next: null });
  });
});

const inWords = ({ missed, due, next }: WindowFirePlan) => ({
  missed: missed.map(iso),
  due: due === null ? null : iso(due),
  next: next === null ? null : iso(next),
});
