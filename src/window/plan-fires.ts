import type { WindowSchedule } from '../model/window-schedule.js';
import { type Fires, nextFire } from '../platform/cron.js';

/** More than so many fires are not looked at together: the others follow with the next look. */
const AT_ONCE = 200;

export type Recurring = Fires & Pick<WindowSchedule, 'maxDurationMs' | 'announceMs'>;

export interface WindowFirePlan {
  /** Fires (ms) that no server saw in time, or whose place a later one takes. */
  missed: number[];
  /** The fire whose window is to be opened now. */
  due: number | null;
  /** When to look again, ms; `null` where nothing comes any more. */
  next: number | null;
}

/**
 * What is due of a recurring window. Of several fires that nobody has seen only the latest opens a window, and only if its window would not be over by
 * now. A window that is announced is due by that time earlier.
 * @param last the latest fire that has a fate already: nothing up to it ever fires again, whatever the clock says now. All in ms.
 */
export function planWindowFires(schedule: Recurring, last: number, now: number): WindowFirePlan {
  const lead = schedule.announceMs ?? 0;
  const seen: number[] = [];
  let next = nextFire(schedule, last);
  while (next !== null && next - lead <= now && seen.length < AT_ONCE) {
    seen.push(next);
    next = nextFire(schedule, next);
  }
  if (next !== null && next <= now) return { missed: seen, due: null, next: now };
  const past = seen.filter(at => at <= now);
  const ahead = seen.filter(at => at > now);
  const latest = past.at(-1);
  const inTime = latest !== undefined && now < latest + schedule.maxDurationMs;
  const due = inTime ? latest : (ahead.shift() ?? null);
  const rest = ahead[0] ?? next;
  return {
    missed: inTime ? past.slice(0, -1) : past,
    due,
    next: rest === null ? null : Math.max(now, rest - lead),
  };
}
