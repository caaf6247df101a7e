import { Cron } from 'croner';
import { describe, expect, test } from 'vitest';
import { faultOf, nextFire } from '../../src/platform/cron.js';
import { instantOf, wallTime } from '../../src/platform/time-zone.js';

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString().replace(':00.000Z', 'Z'));

function fires(cron: string, timezone: string, after: string, count: number): (string | null)[] {
  const found: (number | null)[] = [Date.parse(after)];
  while (found.length <= count) found.push(nextFire({ cron, timezone }, found.at(-1)!));
  return found.slice(1).map(iso);
}

interface Case {
  what: string;
  cron: string;
  zone: string;
  after: string;
  fires: string[];
}

const CASES: Case[] = [
  {
    what: 'a time that is skipped fires as the clock is set forward, once',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    after: '2030-03-29T12:00Z',
    fires: ['2030-03-30T01:30Z', '2030-03-31T01:00Z', '2030-04-01T00:30Z'],
  },
  {
    what: 'a time that is shown twice fires the first time, once',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    after: '2030-10-26T12:00Z',
    fires: ['2030-10-27T00:30Z', '2030-10-28T01:30Z'],
  },
  {
    what: 'between the two showings of a time it has fired already',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    after: '2030-10-27T00:45Z',
    fires: ['2030-10-28T01:30Z'],
  },
  {
    what: 'several times that are skipped are one fire',
    cron: '*/20 2 * * *',
    zone: 'Europe/Berlin',
    after: '2030-03-30T12:00Z',
    fires: ['2030-03-31T01:00Z', '2030-04-01T00:00Z', '2030-04-01T00:20Z'],
  },
  {
    what: 'one that is skipped and one just after it are one fire',
    cron: '0 2,3 * * *',
    zone: 'Europe/Berlin',
    after: '2030-03-30T12:00Z',
    fires: ['2030-03-31T01:00Z', '2030-04-01T00:00Z', '2030-04-01T01:00Z'],
  },
  {
    what: 'every half-hour of the clock, over an hour that is skipped',
    cron: '*/30 * * * *',
    zone: 'Europe/Berlin',
    after: '2030-03-31T00:29Z',
    fires: ['2030-03-31T00:30Z', '2030-03-31T01:00Z', '2030-03-31T01:30Z'],
  },
  {
    what: 'every half-hour is a pace, which an hour that comes twice does not change',
    cron: '*/30 * * * *',
    zone: 'Europe/Berlin',
    after: '2030-10-26T23:59Z',
    fires: [
      '2030-10-27T00:00Z',
      '2030-10-27T00:30Z',
      '2030-10-27T01:00Z',
      '2030-10-27T01:30Z',
      '2030-10-27T02:00Z',
    ],
  },
  {
    what: 'in the second of these hours it goes on from where it is',
    cron: '@hourly',
    zone: 'Europe/Berlin',
    after: '2030-10-27T01:15Z',
    fires: ['2030-10-27T02:00Z', '2030-10-27T03:00Z'],
  },
  {
    what: 'every half-hour of certain hours is none: the hour that comes twice has them once',
    cron: '*/30 0-4 * * *',
    zone: 'Europe/Berlin',
    after: '2030-10-26T23:59Z',
    fires: ['2030-10-27T00:00Z', '2030-10-27T00:30Z', '2030-10-27T02:00Z', '2030-10-27T02:30Z'],
  },
  {
    what: 'the hour that is skipped in New York',
    cron: '30 2 * * *',
    zone: 'America/New_York',
    after: '2030-03-09T12:00Z',
    fires: ['2030-03-10T07:00Z', '2030-03-11T06:30Z'],
  },
  {
    what: 'the hour that comes twice in New York',
    cron: '30 1 * * *',
    zone: 'America/New_York',
    after: '2030-11-02T12:00Z',
    fires: ['2030-11-03T05:30Z', '2030-11-04T06:30Z'],
  },
  {
    what: 'the half-hour that is skipped on Lord Howe Island',
    cron: '15 2 * * *',
    zone: 'Australia/Lord_Howe',
    after: '2030-10-05T00:00Z',
    fires: ['2030-10-05T15:30Z', '2030-10-06T15:15Z'],
  },
  {
    what: 'what comes after the half-hour that is skipped there is on time',
    cron: '45 2 * * *',
    zone: 'Australia/Lord_Howe',
    after: '2030-10-05T00:00Z',
    fires: ['2030-10-05T15:45Z', '2030-10-06T15:45Z'],
  },
  {
    what: 'the half-hour that comes twice there',
    cron: '45 1 * * *',
    zone: 'Australia/Lord_Howe',
    after: '2030-04-06T00:00Z',
    fires: ['2030-04-06T14:45Z', '2030-04-07T15:15Z'],
  },
  {
    what: 'days of the week are those of the zone',
    cron: '0 8 * * 1',
    zone: 'Pacific/Auckland',
    after: '2030-01-01T00:00Z',
    fires: ['2030-01-06T19:00Z', '2030-01-13T19:00Z'],
  },
  {
    what: 'with seconds in front',
    cron: '30 0 0 * * *',
    zone: 'UTC',
    after: '2030-01-01T00:00Z',
    fires: ['2030-01-01T00:00:30.000Z', '2030-01-02T00:00:30.000Z'],
  },
];

describe('the next fire', () => {
  test.each(CASES)('$what', ({ cron, zone, after, fires: expected }) => {
    expect(fires(cron, zone, after, expected.length)).toEqual(expected);
  });

  test.each(
    [
      ['Europe/Berlin', '2030-03-30', '2030-10-26'],
      ['Australia/Lord_Howe', '2030-04-05', '2030-10-04'],
      ['Africa/Cairo', '2024-04-24', '2024-10-30'],
      ['America/Sao_Paulo', '2017-10-13', '2018-02-16'],
      ['Antarctica/Troll', '2026-03-28', '2026-10-24'],
      ['Pacific/Chatham', '2030-04-05', '2030-09-27'],
      ['Pacific/Apia', '2011-12-28'],
    ].flatMap(([zone, ...days]) => days.map(day => ({ zone: zone!, day: day! }))),
  )('in $zone around $day is what a walk from minute to minute finds', ({ zone, day }) => {
    for (const cron of [
      '30 2 * * *',
      '*/20 1-3 * * *',
      '5,35 * * * *',
      '0 0,23 * * *',
      '0 12 30 * *',
      '15 */2 L * *',
    ]) {
      const found = minuteByMinute(cron, zone, Date.parse(day), 4 * 1_440).map(at => iso(at));
      expect(fires(cron, zone, new Date(Date.parse(day) - 1).toISOString(), found.length), cron).toEqual(
        found,
      );
    }
  });

  test.each(['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'])(
    'of a daily pattern comes once on every day of a year, and never at the same time twice, in %s',
    zone => {
      const found = fires('15 2 * * *', zone, '2030-01-01T16:00Z', 366);
      expect(new Set(found).size).toBe(366);
      const days = found.map(at => new Date(wallTime(zone, Date.parse(at!))).toISOString().slice(0, 10));
      expect(new Set(days).size).toBe(366);
    },
  );

  test.each([
    ['bad', 'UTC', 'cron', /"bad" is no cron pattern/],
    ['61 * * * *', 'UTC', 'cron', /61/],
    ['0 0 30 2 *', 'UTC', 'cron', /never fires/],
    ['* * * * *', 'Europe/Berln', 'timezone', /is no time zone/],
  ])('of %s in %s: there is none, and it is said why', (cron, timezone, field, why) => {
    expect(faultOf({ cron, timezone })).toMatchObject({ field, why: expect.stringMatching(why) });
  });

  test('of a pattern that can be understood has no fault', () => {
    expect(faultOf({ cron: '@daily', timezone: 'Europe/Berlin' })).toBeNull();
  });
});

/** By the rule, without any arithmetic: each minute, what the clock shows, whether it has shown that before, and what it has just skipped. */
function minuteByMinute(cron: string, zone: string, from: number, minutes: number): number[] {
  const pattern = new Cron(cron, { utcOffset: 0, paused: true });
  const everyHour = cron.split(' ')[1] === '*';
  const seen = new Set<number>();
  const found: number[] = [];
  for (let at = from - 1_440 * 60_000; at < from + minutes * 60_000; at += 60_000) {
    const wall = wallTime(zone, at);
    const last = wallTime(zone, at - 60_000);
    let fire = pattern.match(new Date(wall)) && (everyHour || !seen.has(wall));
    for (let skipped = last + 60_000; skipped < wall; skipped += 60_000)
      fire ||= pattern.match(new Date(skipped));
    seen.add(wall);
    if (fire && at >= from) found.push(at);
  }
  return found;
}

test('wall times and instants lead to each other, but for what the clock skips or shows twice', () => {
  const zone = 'Australia/Lord_Howe';
  const from = Date.parse('2030-01-01T00:00Z');
  for (let hour = 0; hour < 366 * 24; hour++) {
    const instant = from + hour * 3_600_000;
    const wall = wallTime(zone, instant);
    const back = instantOf(zone, wall);
    expect(wallTime(zone, back)).toBe(wall);
    expect([0, 1_800_000]).toContain(instant - back);
  }
});
