import { MOST_BACKFILLED } from '../model/backfill.js';
import { fireRunId } from '../model/schedule.js';
import { SlackwaterError } from '../platform/errors.js';
import { knownRuns } from '../queue/how-ended.js';
import type { Store } from '../store/redis.js';
import { backfilledOf } from '../store/schedules/backfills.js';
import { STARTS_KEPT, startsOf } from '../store/schedules/fires.js';
import type { ScheduleView } from '../store/schedules/schedules.js';
import { timesOf } from './times.js';

/** So many instants are found, or looked up, before others have a turn. */
const AT_ONCE = 500;

export interface BackfillPlan {
  /** The instants that it would run, the oldest first, ms. */
  due: number[];
  total: number;
  alreadyRan: number;
  held: number;
}

/**
 * What there is to be run of a schedule, as it is now, between two instants (ms), both included.
 * @throws SlackwaterError `invalid-body` for more fires than one backfill may have, and for such of which it is not known any more whether they have run, unless that does not matter (`again`).
 */
export async function planBackfill(
  store: Store,
  schedule: ScheduleView,
  { from, to, again }: { from: number; to: number; again: boolean },
): Promise<BackfillPlan> {
  const all = await instantsOf(schedule, from, to);
  if (again) return { due: all, total: all.length, alreadyRan: 0, held: 0 };
  const ran = await haveRun(store, schedule, all);
  // The schedule says itself what becomes of them.
  const { held, waiting } = schedule.state;
  const open = new Set([...held, ...waiting].map(({ at }) => at).filter(at => !ran.has(at)));
  const due = all.filter(at => !ran.has(at) && !open.has(at));
  const alreadyRan = all.filter(at => ran.has(at)).length;
  return { due, total: all.length, alreadyRan, held: all.length - alreadyRan - due.length };
}

async function instantsOf(schedule: ScheduleView, from: number, to: number): Promise<number[]> {
  const times = timesOf(schedule.app, schedule);
  const found: number[] = [];
  for (let tick = times.after(from - 1); tick !== null && tick.at <= to; tick = times.after(tick.at)) {
    if (tick.leftOut === null) found.push(tick.at);
    if (found.length > MOST_BACKFILLED) throw tooMany(found[MOST_BACKFILLED - 1]!);
    if (found.length % AT_ONCE === 0) await new Promise(resolve => setImmediate(resolve));
  }
  return found;
}

/** By what the schedule has started, by the backfills before, and by the queue. */
async function haveRun(store: Store, schedule: ScheduleView, instants: number[]): Promise<Set<number>> {
  const { app, job, queue } = schedule;
  const [first, last] = [instants[0], instants.at(-1)];
  if (first === undefined || last === undefined) return new Set();
  const of = { app, schedule: job };
  const [started, backfilled] = await Promise.all([
    startsOf(store, of, first, last),
    backfilledOf(store, of, first, last),
  ]);
  const runs = await knownRuns(
    store,
    queue,
    instants.map(at => fireRunId(app, job, at)),
  );
  const ran = new Set(
    instants.filter(
      at => started.instants.has(at) || backfilled.has(at) || runs.has(fireRunId(app, job, at)),
    ),
  );
  const { since } = started;
  const unknown = since === null ? [] : instants.filter(at => at < since && !ran.has(at));
  if (unknown.length > 0) throw forgotten(unknown.length, since!);
  return ran;
}

function forgotten(count: number, since: number): SlackwaterError {
  const most = STARTS_KEPT.toLocaleString('en-US');
  const detail = `of ${count} fires from there on it is not known any more whether they have run, as the latest ${most} of a schedule are remembered: begin at ${new Date(since).toISOString()}, or run all of them with "again" (--again), whether they have run or not`;
  return new SlackwaterError('invalid-body', detail, [{ pointer: '/from', detail }]);
}

function tooMany(last: number): SlackwaterError {
  const most = MOST_BACKFILLED.toLocaleString('en-US');
  const detail = `there are more than ${most} fires from there on, as many as one backfill may have: end at ${new Date(last).toISOString()}, and begin another one after it`;
  return new SlackwaterError('invalid-body', detail, [{ pointer: '/to', detail }]);
}
