import type { HeldFire, ScheduleState, WaitingFire } from '../model/schedule.js';
import type { DecidedFire } from '../store/schedules/fires.js';
import type { Decision } from '../store/schedules/record-fires.js';
import type { Entry } from './book.js';
import { inPieces } from './in-scripts.js';
import { isOnTime, leftOutReason, passedReason } from './plan-fires.js';
import { dueTicks, type Times } from './times.js';

/**
 * What a schedule owes as a release retimes or removes it: the fires whose instants have come and that have no fate yet, since nobody was there or since their jitter is not over.
 * They are held, as those of a window are, and get their fates by the rules that apply then. Pure.
 * @param now by the clock of Redis, ms
 */
export function carryOver({ schedule, times, state, seen }: Entry, release: string, now: number): Decision[] {
  const { ticks, passed } = dueTicks(withoutJitter(times, now), state.last, now);
  const reason = `its schedule changes with release ${release}`;
  const fires: DecidedFire[] = ticks.map(({ at, leftOut }) =>
    leftOut === null ? { at, fate: 'held', reason } : { at, fate: 'skipped', reason: leftOutReason(leftOut) },
  );
  if (passed)
    fires.unshift({ at: passed.at, fate: 'skipped', reason: passedReason(state.last, ticks[0]?.at ?? now) });
  const kept = ticks.filter(({ leftOut }) => leftOut === null);
  const missed = kept.filter(tick => !isOnTime(tick, now)).map(({ at }): HeldFire => ({ at }));
  const fresh = kept
    .filter(tick => isOnTime(tick, now))
    .map(({ at }): WaitingFire => ({ at, missed: false, release }));
  return inPieces(schedule.job, seen, fires, (recorded): ScheduleState => {
    const last = fires[recorded - 1]!.at;
    const until = <Each extends HeldFire>(all: Each[]) => all.filter(({ at }) => at <= last);
    const held = [...state.held, ...until(missed)];
    return { ...state, last, held, waiting: [...state.waiting, ...until(fresh)] };
  });
}

/** What has its instant is due. */
const withoutJitter = (times: Times, now: number): Pick<Times, 'after'> => ({
  after(instant) {
    const tick = times.after(instant);
    return tick && { ...tick, dueAt: Math.min(tick.dueAt, Math.max(tick.at, now)) };
  },
});
