import { Cron, CronPattern } from 'croner';
import { changeNear, instantOf, wallTime } from './time-zone.js';

export interface Fires {
  cron: string;
  timezone: string;
}

/**
 * The next fire after an instant (ms), or `null` where there is none any more. croner finds the next time that the clock on the wall shows; which instant
 * that is, is said here, by one rule for all patterns. What the clock skips, as it is set forward, fires at that moment. What it shows twice, as it is set
 * back, fires the first time; only a pattern that fires in every hour fires both times, since it asks for a pace and not for a time of day. As the clock is
 * set forward it is treated like any other: `30 * * * *` has one fire more then, at that moment.
 */
export function nextFire({ cron, timezone }: Fires, after: number): number | null {
  const clock = read(cron);
  const change = changeNear(timezone, after);
  const shownBefore = change.at + change.before;
  // After the clock was set back: all that it had shown before that has fired.
  const since = after < change.at ? after + change.before : Math.max(after + change.after, shownBefore - 1);
  const wall = clock.nextRun(new Date(since))?.getTime();
  const first = wall === undefined ? null : instantOf(timezone, wall);
  if (change.after >= change.before || !isForEveryHour(cron)) return first;
  const again = clock.nextRun(new Date(Math.max(after, change.at - 1) + change.after))?.getTime();
  if (again === undefined || again >= shownBefore) return first;
  return Math.min(again - change.after, first ?? Number.POSITIVE_INFINITY);
}

/** What is wrong with it, for people; `null` if it can be understood and fires after an instant (ms), as left out after now. */
export function faultOf(
  { cron, timezone }: Fires,
  after = Date.now(),
): { field: keyof Fires; why: string } | null {
  try {
    wallTime(timezone, 0);
  } catch {
    return {
      field: 'timezone',
      why: `${JSON.stringify(timezone)} is no time zone: write it as Europe/Berlin or UTC`,
    };
  }
  try {
    if (nextFire({ cron, timezone }, after) !== null) return null;
    return { field: 'cron', why: `${JSON.stringify(cron)} never fires` };
  } catch (error) {
    const why = (error as Error).message.replace(/^\w+: /, '').replace(/\.$/, '');
    return {
      field: 'cron',
      why: `${JSON.stringify(cron)} is no cron pattern (${why}): write five fields, such as "30 2 * * 1-5"`,
    };
  }
}

/** Many schedules have the same few patterns. No more are kept, as each is about 80 KB: croner has a place for every year. */
const clocks = new Map<string, Cron>();
const MOST_CLOCKS = 100;

/** A pattern, by a clock that is never changed. */
function read(cron: string): Cron {
  const known = clocks.get(cron);
  if (known) return known;
  // croner would take a date with a time for a pattern that fires once, by the clock of this machine.
  if (cron.includes(':')) throw new Error('it is a time');
  const clock = new Cron(cron, { utcOffset: 0, paused: true });
  const [oldest] = clocks.keys();
  if (clocks.size >= MOST_CLOCKS && oldest !== undefined) clocks.delete(oldest);
  clocks.set(cron, clock);
  return clock;
}

const isForEveryHour = (cron: string): boolean => new CronPattern(cron).hour.every(Boolean);
