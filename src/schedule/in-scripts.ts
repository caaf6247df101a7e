import type { ScheduleState } from '../model/schedule.js';
import type { DecidedFire } from '../store/schedules/fires.js';
import type { Decision } from '../store/schedules/record-fires.js';
import { stateText } from '../store/schedules/schedules.js';

/** A script records so many schedules, or fires, at most (but for one schedule's last): it must stay short. */
const RECORDED_AT_ONCE = 100;
export const FIRES_AT_ONCE = 200;

/** So many as a script records in a short time. */
export function inScripts(decisions: Decision[]): Decision[][] {
  const scripts: Decision[][] = [];
  let fires = Number.POSITIVE_INFINITY;
  for (const decision of decisions) {
    if (fires + decision.fires.length > FIRES_AT_ONCE || scripts.at(-1)!.length >= RECORDED_AT_ONCE) {
      scripts.push([]);
      fires = 0;
    }
    scripts.at(-1)!.push(decision);
    fires += decision.fires.length;
  }
  return scripts;
}

/**
 * Fires of one schedule that start no run, in pieces of which each fits into a script.
 * @param seen its state as it stands in Redis
 * @param after its state when so many of them are recorded
 */
export function inPieces(
  schedule: string,
  seen: string,
  fires: DecidedFire[],
  after: (recorded: number) => ScheduleState,
): Decision[] {
  const decisions: Decision[] = [];
  let before = seen;
  for (let i = 0; i < fires.length; i += FIRES_AT_ONCE) {
    const some = fires.slice(i, i + FIRES_AT_ONCE);
    const state = stateText(after(i + some.length));
    decisions.push({ schedule, seen: before, state, fires: some, unsent: [] });
    before = state;
  }
  return decisions;
}
