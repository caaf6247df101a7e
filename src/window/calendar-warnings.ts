import { describeFreeze, freezeAt } from '../model/freeze.js';
import type { Window } from '../model/window.js';
import type { WindowSchedule } from '../model/window-schedule.js';
import { nextFire } from '../platform/cron.js';
import { listFreezes } from '../store/freezes.js';
import type { Store } from '../store/redis.js';
import { listWindowSchedules } from '../store/window-schedules.js';
import type { Warning } from './plan-states.js';

/** What the calendar has against this window, as sentences: a freeze in which it would start, and recurring windows whose time it would take. */
export async function calendarWarnings(store: Store, window: Window): Promise<Warning[]> {
  const [freezes, states] = await Promise.all([listFreezes(store), listWindowSchedules(store)]);
  const freeze = freezeAt(freezes, window.app, Date.parse(window.startsAt));
  const schedules = states.map(({ schedule }) => schedule);
  return [
    ...(freeze ? [{ text: `${describeFreeze(freeze)}: it would be refused`, refuses: true }] : []),
    ...schedules
      .filter(({ app, paused }) => app === window.app && !paused)
      .flatMap(schedule => collision(window, schedule) ?? [])
      .map(text => ({ text })),
  ];
}

/** The first fire whose window would take any of the time of this one: windows are taken in the order in which they are declared. */
function collision(window: Window, schedule: WindowSchedule): string | null {
  const from = Date.parse(window.startsAt);
  const now = Date.parse(window.createdAt);
  const fire = nextFire(schedule, Math.max(from - schedule.maxDurationMs, now));
  if (fire === null || fire >= from + window.maxDurationMs) return null;
  const at = new Date(fire).toISOString();
  return `recurring window ${schedule.id} (${schedule.reason}) comes at ${at} and would be refused: this one takes its time`;
}
