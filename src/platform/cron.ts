import { Cron } from 'croner';
import { instantOf, wallTime } from './time-zone.js';

/**
 * The next fire after an instant (ms), or `null` where there is none any more. croner finds the next time that the clock on the wall shows; which instant
 * that is, is said by one rule for all patterns: what the clock shows twice fires the first time, and what it skips fires as it is set forward.
 */
export function nextFire({ cron, timezone }: Fires, after: number): number | null {
  const pattern = new Cron(cron, { timezone: 'UTC', paused: true });
  let wall = new Date(wallTime(timezone, after));
  for (;;) {
    const next = pattern.nextRun(wall);
    if (next === null) return null;
    const instant = instantOf(timezone, next.getTime());
    // Not after: the clock was set back, and it has fired already when it showed this for the first time.
    if (instant > after) return instant;
    wall = next;
  }
}

export interface Fires {
  cron: string;
  timezone: string;
}

/** What is wrong with it, for people; `null` if it can be understood and fires at all. */
export function faultOf({ cron, timezone }: Fires): { field: keyof Fires; why: string } | null {
  try {
    wallTime(timezone, 0);
  } catch {
    return {
      field: 'timezone',
      why: `${JSON.stringify(timezone)} is no time zone: write it as Europe/Berlin or UTC`,
    };
  }
  try {
    if (nextFire({ cron, timezone }, Date.now()) !== null) return null;
    return { field: 'cron', why: `${JSON.stringify(cron)} never fires` };
  } catch (error) {
    const why = (error as Error).message.replace(/^\w+: /, '').replace(/\.$/, '');
    return {
      field: 'cron',
      why: `${JSON.stringify(cron)} is no cron pattern (${why}): write five fields, such as "30 2 * * 1-5"`,
    };
  }
}
