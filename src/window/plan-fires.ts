import type { WindowSchedule } from '../model/window-schedule.js';
import { type Fires, nextFire } from '../platform/cron.js';

/** More than so many fires are not looked at together: the others follow with the next look. */
const AT_ONCE = 200;

export type Recurring = Fires & Pick<WindowSchedule, 'maxDurationMs' | 'announceMs'>;

export interface FirePlan {
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
export function planFires(schedule: Recurring, last: number, now: number): FirePlan {
  const lead = schedule.announceMs ?? 0;
  const seen: number[] = [];
  let next = nextFire(schedule, last);
  while (next !== null && next - lead <= now && seen.length < AT_ONCE) {
    seen.push(next);
    next = nextFire(schedule, next);
  }
  if (next !== null && next - lead <= now) return { missed: seen, due: null, next: now };
  const latest = seen.at(-1);
  const inTime = latest !== undefined && now < latest + schedule.maxDurationMs;
  return {
    missed: inTime ? seen.slice(0, -1) : seen,
    due: inTime ? latest : null,
    next: next === null ? null : next - lead,
  };
}
