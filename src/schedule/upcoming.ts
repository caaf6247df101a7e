import type { Schedule } from '../model/schedule.js';
import { DueHeap } from './due.js';
import { type Times, timesOf } from './times.js';

/** A fire that is to come. */
export interface ComingFire {
  app: string;
  schedule: string;
  /** The instant, ms, and when it starts: with its jitter. */
  at: number;
  dueAt: number;
  /** A day that is left out: it will be skipped. */
  leftOut: string | null;
}

export interface UpcomingSpan {
  /** ms: after `from`, before `to`. */
  from: number;
  to?: number;
  limit: number;
  /** Of each schedule at most so many. */
  each?: number;
}

/** The fires that are to come of several schedules, the first first, at most `limit`. */
export const upcomingFires = (schedules: (Schedule & { app: string })[], span: UpcomingSpan): ComingFire[] =>
  upcomingPage(schedules, span).fires.slice(0, span.limit);

/** The same with all fires of the last instant, beyond `limit` if need be, so that none is lost between two pages. `more`: there are others after it. */
export function upcomingPage(
  schedules: (Schedule & { app: string })[],
  { from, to = Number.POSITIVE_INFINITY, limit, each = Number.POSITIVE_INFINITY }: UpcomingSpan,
): { fires: ComingFire[]; more: boolean } {
  const heap = new DueHeap<ComingFire & { times: Times; nth: number }>();
  const push = (app: string, schedule: string, times: Times, after: number, nth: number) => {
    const tick = nth < each ? times.after(after) : null;
    if (tick && tick.at < to) heap.push(tick.at, { app, schedule, times, nth, ...tick });
  };
  for (const schedule of schedules)
    push(schedule.app, schedule.job, timesOf(schedule.app, schedule), from, 0);
  const fires: ComingFire[] = [];
  const wanted = () => fires.length < limit || heap.first === fires.at(-1)?.at;
  while (Number.isFinite(heap.first) && wanted()) {
    const [{ times, nth, ...fire }] = heap.take(heap.first, 1) as [
      ComingFire & { times: Times; nth: number },
    ];
    fires.push(fire);
    push(fire.app, fire.schedule, times, fire.at, nth + 1);
  }
  return { fires, more: Number.isFinite(heap.first) };
}
