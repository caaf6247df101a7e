import type { Release } from '../model/release.js';
import type { Fire, SchedulesDiff } from '../model/schedule.js';
import type { Window } from '../model/window.js';
import { diffSchedules } from '../schedule/diff.js';
import { schedulesOf } from '../schedule/follow-release.js';
import { upcomingFires } from '../schedule/upcoming.js';
import type { Store } from '../store/redis.js';
import { listSchedules } from '../store/schedules.js';

/** Of more fires than this the first are named. */
const MOST_FIRES = 500;

/** What a window means for the schedules of its app: which fires it would hold if it took all its time, and what is another with its release. */
export async function schedulePlan(
  store: Store,
  window: Window,
  release: Release,
): Promise<{ fires: Fire[]; schedules: SchedulesDiff }> {
  const applied = await listSchedules(store, window.app);
  const before = applied.map(({ app: _, release: __, paused: ___, state: ____, ...schedule }) => schedule);
  const schedules = diffSchedules(before, schedulesOf(release));
  // Side by side intake stays open.
  if (window.strategy !== 'window') return { fires: [], schedules };
  const from = Date.parse(window.startsAt);
  const coming = upcomingFires(
    applied.filter(({ paused }) => paused === null),
    { from: from - 1, to: from + window.maxDurationMs, limit: MOST_FIRES },
  );
  const rules = new Map(applied.map(({ job, missed }) => [job, missed]));
  const fires = coming
    .filter(({ leftOut }) => leftOut === null)
    .map(({ app, schedule, at }): Fire => {
      const reason = `it waits while the window holds its queue, then follows missed: ${rules.get(schedule)}`;
      return { schedule, app, at: new Date(at).toISOString(), fate: 'held', reason, run: null };
    });
  return { fires, schedules };
}
