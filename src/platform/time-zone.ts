/**
 * Wall clocks. A *wall time* is what a clock on the wall of a zone shows, written as the ms since the epoch at which a clock in UTC would show the same.
 */

const DAY_MS = 86_400_000;

/** How the clock of a zone stands around an instant, all in ms: so far ahead of UTC until `at`, and so far from then on. */
export interface Change {
  before: number;
  at: number;
  after: number;
}

/** What the clock of the zone shows at this instant (ms). @throws RangeError for a zone that is none. */
export function wallTime(zone: string, instant: number): number {
  const { before, at, after } = changeNear(zone, instant);
  return instant + (instant < at ? before : after);
}

/**
 * The instant (ms) at which the clock of the zone shows this wall time. What it shows twice, when it is set back, counts the first time; what it never
 * shows, when it is set forward, is the instant of that change.
 */
export function instantOf(zone: string, wall: number): number {
  const { before, at, after } = changeNear(zone, wall);
  if (wall < at + before) return wall - before;
  return wall < at + after ? at : wall - after;
}

/** Changes that were looked for: few zones and days are asked for again and again, such as by thousands of schedules that are due at midnight. */
const known = new Map<string, Change>();
const MOST_KNOWN = 10_000;

/**
 * The change of the zone's clock next to an instant or a wall time, at most two days away; before and after are the same where there is none. None is
 * followed by another within that. @throws RangeError for a zone that is none.
 */
export function changeNear(zone: string, instant: number): Change {
  const day = Math.floor(instant / DAY_MS);
  const name = `${zone} ${day}`;
  let change = known.get(name);
  if (!change) {
    change = changeWithin(zone, (day - 1) * DAY_MS, (day + 2) * DAY_MS);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, change);
  }
  return change;
}

function changeWithin(zone: string, from: number, to: number): Change {
  const [before, after] = [offsetAt(zone, from), offsetAt(zone, to)];
  if (before === after) return { before, at: to, after };
  // The last instant with the offset of before, and the first with that of after, close in on the change.
  let [early, late] = [from, to];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (offsetAt(zone, middle) === before) early = middle;
    else late = middle;
  }
  return { before, at: late, after };
}

/** How far the clock of the zone is ahead of UTC, at a whole second or not, ms. */
function offsetAt(zone: string, instant: number): number {
  const second = Math.floor(instant / 1_000) * 1_000;
  const shown = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of clockOf(zone).formatToParts(second))
    if (type in shown) shown[type as keyof typeof shown] = Number(value);
  return Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second) - second;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  const clock = clocks.get(zone);
  if (clock) return clock;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(zone, made);
  return made;
}
