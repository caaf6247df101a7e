/**
 * Wall clocks. A *wall time* is what a clock on the wall of a zone shows, written as the ms since the epoch at which a clock in UTC would show the same.
 */

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What the clock of the zone shows at this instant (ms). @throws RangeError for a zone that is none. */
export function wallTime(zone: string, instant: number): number {
  const parts = Object.fromEntries(
    clockOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>;
  const { year, month, day, hour, minute, second } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((instant % 1_000) + 1_000) % 1_000);
}

/** How long a change of the clock is looked for before and after a wall time; none is followed by another within that, ms. */
const AROUND_MS = 86_400_000;

/**
 * The instant (ms) at which the clock of the zone shows this wall time. What it shows twice, when it is set back, counts the first time; what it never
 * shows, when it is set forward, is the instant of that change.
 */
export function instantOf(zone: string, wall: number): number {
  const offset = (instant: number) => wallTime(zone, instant) - instant;
  const [before, after] = [offset(wall - AROUND_MS), offset(wall + AROUND_MS)];
  const shown = [wall - before, wall - after].filter(instant => wallTime(zone, instant) === wall);
  if (shown.length > 0) return Math.min(...shown);
  // The last instant with the offset of before, and the first with that of after, close in on the change.
  let [early, late] = [wall - after, wall - before];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (offset(middle) === before) early = middle;
    else late = middle;
  }
  return late;
}

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(zone, clock);
  return clock;
}
