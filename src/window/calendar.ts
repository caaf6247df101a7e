import {
  roomToDrain,
  scheduleOwner,
  type WindowFire,
  type WindowSchedule,
} from '../model/window-schedule.js';
import { type Clock, systemClock } from '../platform/clock.js';
import { formatDuration } from '../platform/duration.js';
import { SlackwaterError } from '../platform/errors.js';
import { readIntent } from '../store/intents.js';
import type { Holder } from '../store/lease.js';
import { redisNow, type Store } from '../store/redis.js';
import { listReleases } from '../store/releases.js';
import { listWindowSchedules, recordFires, type WindowScheduleState } from '../store/window-schedules.js';
import { createWindowOfFire, listWindows } from '../store/windows.js';
import { draft } from './declare.js';
import type { TaskLimits } from './declare-tasks.js';
import { planWindowFires } from './plan-fires.js';
import type { WindowInput } from './window-input.js';

/** How often the schedules are read, so that one that is new is known before its first fire, ms. */
const LOOK_EVERY_MS = 1_000;
/** A window that opens later than this after its fire has only what is left of its time, ms. */
const LATE_MS = 2_000;

export interface CalendarOptions {
  clock?: Clock;
  /** What this server takes; left out: what the configuration has where nobody changed it. */
  limits?: Partial<TaskLimits>;
  onFire?: (fire: WindowFire) => void;
}

export interface Calendar {
  /**
   * Gives every fire that is due its fate, for the holder of the lease.
   * @returns after how long it wants to be asked again, ms.
   */
  tick(holder: Holder): Promise<number>;
}

/** Opens the windows of recurring ones. It keeps nothing that matters: what has fired is in Redis, and written only by the holder of the lease. */
export function createCalendar(store: Store, options: CalendarOptions = {}): Calendar {
  const { clock = systemClock, limits, onFire = () => {} } = options;
  let lookAt = Number.NEGATIVE_INFINITY;

  async function look(holder: Holder): Promise<number> {
    const [states, now] = await Promise.all([listWindowSchedules(store), redisNow(store.redis)]);
    const due = await Promise.allSettled(states.map(state => settle(state, now, holder)));
    // One that cannot be settled keeps no other from it.
    for (const each of due) if (each.status === 'rejected') throw each.reason;
    return Math.min(LOOK_EVERY_MS, ...due.map(each => (each as PromiseFulfilledResult<number>).value));
  }

  /** @returns after how long its next fire is due, ms. */
  async function settle(state: WindowScheduleState, now: number, holder: Holder): Promise<number> {
    const { schedule } = state;
    if (schedule.paused) return Number.POSITIVE_INFINITY;
    const plan = planWindowFires(schedule, state.lastFire, now);
    const missed = plan.missed.map(at => fireOf(schedule, at, 'missed', whyMissed(schedule, at, now)));
    let seen: WindowScheduleState | null = state;
    if (missed.length > 0) seen = await record(state, missed, holder);
    if (seen && plan.due !== null) await fire(seen, plan.due, now, holder);
    return plan.next === null ? Number.POSITIVE_INFINITY : Math.max(0, plan.next - now);
  }

  /** @returns the schedule with these fires behind it, or `null` where somebody else was here. */
  async function record(
    state: WindowScheduleState,
    fires: WindowFire[],
    holder: Holder,
  ): Promise<WindowScheduleState | null> {
    if ((await recordFires(store, holder, state, fires)) !== 'recorded') return null;
    for (const each of fires) onFire(each);
    return { ...state, lastFire: Date.parse(fires.at(-1)!.at) };
  }

  async function fire(state: WindowScheduleState, at: number, now: number, holder: Holder): Promise<void> {
    const { schedule } = state;
    const found = await choose(store, schedule.app);
    if ('why' in found)
      return void (await record(state, [fireOf(schedule, at, 'skipped', found.why)], holder));
    try {
      const { window } = await draft(store, inputOf(schedule, found.release, at, now), limits);
      const late = now - at > LATE_MS ? `, ${formatDuration(now - at)} late` : '';
      const opened = fireOf(schedule, at, 'opened', `takes release ${found.release}${late}`, window.id);
      const answer = await createWindowOfFire(store, holder, state, opened, window);
      if (answer === 'created') onFire(opened);
      if (answer instanceof SlackwaterError) throw answer;
    } catch (error) {
      if (!(error instanceof SlackwaterError)) throw error;
      await record(state, [fireOf(schedule, at, 'refused', error.message)], holder);
    }
  }

  return {
    async tick(holder) {
      const left = lookAt - clock.monotonic();
      if (left > 0) return left;
      // Set first: a look that fails is not repeated at once.
      lookAt = clock.monotonic() + LOOK_EVERY_MS;
      const due = await look(holder);
      lookAt = clock.monotonic() + due;
      return due;
    },
  };
}

/** The newest release of the app, if there is anything to deploy. One that was current and was left is not taken again by a machine. */
async function choose(store: Store, app: string): Promise<{ release: string } | { why: string }> {
  const [{ items }, intent] = await Promise.all([
    listReleases(store, { app, limit: 1 }),
    readIntent(store, app),
  ]);
  const [newest] = items;
  if (!newest) return { why: `app ${app} has no release yet` };
  if (newest.id === intent?.release)
    return { why: `release ${newest.id} is current, and none newer was pushed` };
  const windows = await listWindows(store, { app, limit: 1_000 });
  const left = windows.items.find(
    ({ release, outcome }) =>
      release === newest.id && (outcome === 'completed' || outcome === 'rolled-back' || outcome === 'held'),
  );
  if (!left) return { release: newest.id };
  const how =
    left.outcome === 'completed'
      ? 'somebody went back from it since'
      : left.outcome === 'held'
        ? 'its window was held, and a person had to decide'
        : 'it was rolled back';
  return {
    why: `release ${newest.id} was deployed by window ${left.id}, and ${how}: push a newer one, or open a window for it yourself`,
  };
}

/** What the window is declared with. One that comes late has what is left of its time: it ends when it would have. */
function inputOf(schedule: WindowSchedule, release: string, at: number, now: number): WindowInput {
  const late = now - at > LATE_MS;
  const maxDurationMs = late ? at + schedule.maxDurationMs - now : schedule.maxDurationMs;
  const room = roomToDrain({ ...schedule, maxDurationMs });
  const { id: _, app, cron: __, timezone: ___, paused: ____, createdAt: _____, ...fields } = schedule;
  return {
    ...fields,
    app,
    release,
    createdBy: scheduleOwner(schedule),
    scheduledBy: schedule.createdBy,
    startsAt: late ? undefined : new Date(at).toISOString(),
    maxDurationMs,
    drainTimeoutMs: Math.min(schedule.drainTimeoutMs, room),
  };
}

function fireOf(
  schedule: WindowSchedule,
  at: number,
  fate: WindowFire['fate'],
  reason: string,
  window: string | null = null,
): WindowFire {
  return { schedule: schedule.id, app: schedule.app, at: new Date(at).toISOString(), fate, reason, window };
}

const whyMissed = ({ maxDurationMs }: WindowSchedule, at: number, now: number): string =>
  at + maxDurationMs <= now
    ? `no server was there within ${formatDuration(maxDurationMs)}`
    : 'no server was there, and a later fire took its place';
