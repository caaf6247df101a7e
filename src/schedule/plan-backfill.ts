import { MOST_BACKFILLED } from '../model/backfill.js';
import { fireRunId } from '../model/schedule.js';
import { SlackwaterError } from '../platform/errors.js';
import { knownRuns } from '../queue/how-ended.js';
import { backfilledOf } from '../store/backfills.js';
import { firesAt } from '../store/fires.js';
import type { Store } from '../store/redis.js';
import type { ScheduleView } from '../store/schedules.js';
import { timesOf } from './times.js';

/** So many instants are found, or looked up, before others have a turn. */
const AT_ONCE = 500;

export interface BackfillPlan {
  /** The instants that it would run, the oldest first, ms. */
  due: number[];
  total: number;
  alreadyRan: number;
}

/**
 * What there is to be run of a schedule, as it is now, between two instants (ms), both included.
 * @throws SlackwaterError `invalid-body` for more fires than one backfill may have.
 */
export async function planBackfill(
  store: Store,
  schedule: ScheduleView,
  { from, to, again }: { from: number; to: number; again: boolean },
): Promise<BackfillPlan> {
  const all = await instantsOf(schedule, from, to);
  const ran = again ? new Set<number>() : await haveRun(store, schedule, all);
  const due = all.filter(at => !ran.has(at));
  return { due, total: all.length, alreadyRan: all.length - due.length };
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

/** By the ledger, by the backfills before, and by the queue. What is held runs by itself. */
async function haveRun(store: Store, schedule: ScheduleView, instants: number[]): Promise<Set<number>> {
  const { app, job, queue } = schedule;
  const [first, last] = [instants[0], instants.at(-1)];
  if (first === undefined || last === undefined) return new Set();
  const ran = await backfilledOf(store, { app, schedule: job }, first, last);
  for (let i = 0; i < instants.length; i += AT_ONCE) {
    const some = instants.slice(i, i + AT_ONCE);
    const [ledger, runs] = await Promise.all([
      firesAt(store, { app, schedule: job }, some),
      knownRuns(
        store,
        queue,
        some.map(at => fireRunId(app, job, at)),
      ),
    ]);
    for (const at of some) {
      const fire = ledger.get(at);
      if (fire?.run != null || fire?.fate === 'held' || runs.has(fireRunId(app, job, at))) ran.add(at);
    }
  }
  return ran;
}

function tooMany(last: number): SlackwaterError {
  const most = MOST_BACKFILLED.toLocaleString('en-US');
  const detail = `there are more than ${most} fires from there on, as many as one backfill may have: end at ${new Date(last).toISOString()}, and begin another one after it`;
  return new SlackwaterError('invalid-body', detail, [{ pointer: '/to', detail }]);
}
