import type { ScheduleState } from '../model/schedule.js';
import type { Decision } from '../store/schedules/record-fires.js';
import { isFarAhead, stateText } from '../store/schedules/schedules.js';
import type { Entry } from './book.js';

/**
 * The clock of Redis was far ahead once: fires had their fates long before their time, and until then no other would come. Those after now get theirs anew, as they fall due; what ran does
 * not run again (`record-schedule-fires.lua`). Pure.
 * @param now by the clock of Redis, ms
 */
export function setBack(entries: Iterable<Entry>, now: number): Decision[] {
  const decisions: Decision[] = [];
  for (const { schedule, state, seen } of entries) {
    if (!isFarAhead(state.last, now)) continue;
    const past = <Each extends { at: number }>(fires: Each[]) => fires.filter(({ at }) => at <= now);
    const back: ScheduleState = { ...state, last: now, held: past(state.held), waiting: past(state.waiting) };
    decisions.push({ schedule: schedule.job, seen, state: stateText(back), fires: [], unsent: [] });
  }
  return decisions;
}
