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

/**
 * The fires that are to come of several schedules, the first first.
 * @param span ms: after `from`, before `to`. @param limit at most so many.
 */
export function upcomingFires(
  schedules: (Schedule & { app: string })[],
  { from, to = Number.POSITIVE_INFINITY, limit }: { from: number; to?: number; limit: number },
): ComingFire[] {
  const heap = new DueHeap<ComingFire & { times: Times }>();
  const push = (app: string, schedule: string, times: Times, after: number) => {
    const tick = times.after(after);
    if (tick && tick.at < to) heap.push(tick.at, { app, schedule, times, ...tick });
  };
  for (const schedule of schedules) push(schedule.app, schedule.job, timesOf(schedule.app, schedule), from);
  const found: ComingFire[] = [];
  while (found.length < limit && Number.isFinite(heap.first)) {
    const [{ times, ...fire }] = heap.take(heap.first, 1) as [ComingFire & { times: Times }];
    found.push(fire);
    push(fire.app, fire.schedule, times, fire.at);
  }
  return found;
}
