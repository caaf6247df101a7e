import { CronPattern } from 'croner';
import { describe, expect, test } from 'vitest';
import { faultOf, nextFire } from '../../src/platform/cron.js';
import { changeNear, instantOf, wallTime } from '../../src/platform/time-zone.js';
import { type Case, DIFFERENCES, type Difference } from './cron-cases/case.js';
import { CRON_PARSER } from './cron-cases/cron-parser.js';
import { CRONER_10, CRONER_11, REFUSED } from './cron-cases/croner.js';
import { CRONOS } from './cron-cases/cronos.js';
import { NODE_CRON } from './cron-cases/node-cron.js';
import { OUR_OWN } from './cron-cases/our-own.js';
import { ROBFIG_CRON } from './cron-cases/robfig-cron.js';

const LIBRARIES: Record<string, Case[]> = {
  'croner 10': CRONER_10,
  'croner 11': CRONER_11,
  'cron-parser': CRON_PARSER,
  'cron of node': NODE_CRON,
  'cron of robfig': ROBFIG_CRON,
  Cronos: CRONOS,
  Slackwater: OUR_OWN,
};

describe.each(Object.entries(LIBRARIES))('as %s', (_, cases) => {
  test.each(cases.map(one => ({ ...one, zone: one.zone ?? 'UTC' })))('$cron in $zone after $after', one => {
    const { cron, as = cron, zone, theirs, ours = theirs } = one;
    if (as !== cron) expect(faultOf({ cron, timezone: zone })).toMatchObject({ field: 'cron' });
    const count = Math.max(1, ours.length);
    expect(firesOf(as, zone, one.after, count)).toEqual(ours.length > 0 ? ours.map(iso) : []);
    expect('ours' in one).toBe('since' in one);
    if (one.since) expectExplained(one.since, one);
  });
});

test.each(REFUSED)('what croner refuses is refused: %j', cron => {
  expect(faultOf({ cron, timezone: 'UTC' })).toMatchObject({ field: 'cron' });
});

test('a time is no pattern', () => {
  expect(faultOf({ cron: '2030-01-31T02:30:00', timezone: 'UTC' })?.why).toMatch(
    /no cron pattern \(it is a time\)/,
  );
});

test('every difference that is explained is there', () => {
  const found = Object.values(LIBRARIES).flatMap(cases => cases.flatMap(({ since }) => since ?? []));
  expect(new Set(found)).toEqual(new Set(Object.keys(DIFFERENCES)));
});

/** Without what the difference speaks of, their fires are ours. */
function expectExplained(difference: Difference, { cron, zone = 'UTC', after, theirs, ours }: Case): void {
  const many = firesOf(cron, zone, after, theirs.length + 120).map(at => Date.parse(at));
  const others = theirs.map(at => Date.parse(at));
  expect(theirs.map(iso), DIFFERENCES[difference]).not.toEqual(ours?.map(iso));
  const [left, right] = reconciled(difference, { cron, zone, after: Date.parse(after), others, many });
  const common = Math.min(left.length, right.length);
  expect(left.slice(0, common), DIFFERENCES[difference]).toEqual(right.slice(0, common));
}

interface Both {
  cron: string;
  zone: string;
  after: number;
  others: number[];
  many: number[];
}

function reconciled(difference: Difference, { cron, zone, after, others, many }: Both): [number[], number[]] {
  switch (difference) {
    case 'moved':
      return [unique(others.map(at => movedBack(zone, at))), many];
    case 'leftOut':
      return [others, many.filter(at => !isSetForward(zone, at))];
    case 'twice':
      return [others.filter(at => !isShownAgain(zone, at)), many];
    case 'never':
      return [others, many.filter(at => !isShownAgain(zone, at))];
    case 'back':
      return [others.filter(at => at > after), many];
    case 'unasked': {
      const asked = others.filter(at => isNamed(cron, zone, at));
      return [asked, many.filter(at => asked.includes(at))];
    }
  }
}

function movedBack(zone: string, instant: number): number {
  const { before, at, after } = changeNear(zone, instant);
  return instant > at && instant < at + after - before ? at : instant;
}

function isSetForward(zone: string, instant: number): boolean {
  const { before, at, after } = changeNear(zone, instant);
  return instant === at && after > before;
}

const isShownAgain = (zone: string, instant: number) => instantOf(zone, wallTime(zone, instant)) !== instant;

function isNamed(cron: string, zone: string, instant: number): boolean {
  const { hour, minute } = new CronPattern(cron);
  const shown = new Date(wallTime(zone, instant));
  return hour[shown.getUTCHours()] === 1 && minute[shown.getUTCMinutes()] === 1;
}

const unique = (list: number[]) => [...new Set(list)];
const iso = (at: string | number) => new Date(at).toISOString();

function firesOf(cron: string, timezone: string, after: string, count: number): string[] {
  const found: string[] = [];
  let next = nextFire({ cron, timezone }, Date.parse(after));
  while (next !== null && found.length < count) {
    found.push(iso(next));
    next = nextFire({ cron, timezone }, next);
  }
  return found;
}
