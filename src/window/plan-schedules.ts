import type { Release } from '../model/release.js';
import type { Fire, SchedulesDiff } from '../model/schedule.js';
import type { Window } from '../model/window.js';
import type { WindowPlan } from '../model/window-plan.js';
import { diffSchedules } from '../schedule/diff.js';
import { schedulesOf } from '../schedule/follow-release.js';
import { shownTimesOf, type Tick } from '../schedule/times.js';
import { Turn } from '../schedule/turn.js';
import type { Store } from '../store/redis.js';
import { listSchedules, type ScheduleView } from '../store/schedules/schedules.js';

/** Of more fires than this, and of more of one schedule, not all are named. */
const MOST_FIRES = 500;
const MOST_OF_EACH = 20;

/** What a window means for the schedules of its app: which fires it would hold if it took all its time, and what is another with its release. */
export async function schedulePlan(
  store: Store,
  window: Window,
  release: Release,
): Promise<Pick<WindowPlan, 'fires' | 'moreFires'> & { schedules: SchedulesDiff }> {
  const applied = await listSchedules(store, window.app);
  const before = applied.map(({ app: _, release: __, paused: ___, state: ____, ...schedule }) => schedule);
  const schedules = diffSchedules(before, schedulesOf(release));
  // Side by side intake stays open.
  if (window.strategy !== 'window') return { fires: [], moreFires: false, schedules };
  return { ...(await heldBy(window, applied)), schedules };
}

interface Held {
  /** Of its schedule, in their order: 0 is the first. */
  nth: number;
  at: number;
  fire: Fire;
}

/** The first of each schedule before the second of any: one of each second hides none that comes once in a night. */
async function heldBy(
  window: Window,
  applied: ScheduleView[],
): Promise<Pick<WindowPlan, 'fires' | 'moreFires'>> {
  const turn = new Turn();
  const held: Held[] = [];
  let moreFires = false;
  for (const schedule of applied.filter(({ paused }) => paused === null)) {
    const ticks = ticksIn(window, schedule);
    moreFires ||= ticks.length > MOST_OF_EACH;
    const { app, job, missed } = schedule;
    const reason = `it waits while the window holds its queue, then follows missed: ${missed}`;
    for (const [nth, { at }] of ticks.slice(0, MOST_OF_EACH).entries()) {
      const when = new Date(at).toISOString();
      held.push({ nth, at, fire: { schedule: job, app, at: when, fate: 'held', reason, run: null } });
    }
    if (turn.isOver) await turn.letOthers();
  }
  const named = held.sort((a, b) => a.nth - b.nth || a.at - b.at).slice(0, MOST_FIRES);
  return {
    fires: named.sort((a, b) => a.at - b.at).map(({ fire }) => fire),
    moreFires: moreFires || held.length > named.length,
  };
}

/** Those that fall due while the window takes its time, days left out aside; one more than are named says that there are more. */
function ticksIn(window: Window, schedule: ScheduleView): Tick[] {
  const from = Date.parse(window.startsAt);
  const to = from + window.maxDurationMs;
  const times = shownTimesOf(schedule.app, schedule);
  const ticks: Tick[] = [];
  // One whose instant lies before may be due within, by its jitter. What has its fate has it.
  let tick = times.keptAfter(Math.max(schedule.state.last, from - times.longestWait - 1));
  while (tick !== null && tick.dueAt < to && ticks.length <= MOST_OF_EACH) {
    if (tick.dueAt >= from) ticks.push(tick);
    tick = times.keptAfter(tick.at);
  }
  return ticks;
}
