import type { WindowFire, WindowSchedule } from '../model/window-schedule.js';
import { newId } from '../platform/ids.js';
import type { Holder } from './lease.js';
import { notThere } from './not-there.js';
import { redisNow, type Store, script } from './redis.js';

const putScript = script<number>('put-window-schedule', 3);
const removeScript = script<number>('remove-window-schedule', 4);
const recordScript = script<'recorded' | 'not-the-holder' | 'stale'>('record-fires', 4);

/** A recurring window, and the latest of its fires that has a fate, ms: whatever comes next comes after it. */
export interface WindowScheduleState {
  schedule: WindowSchedule;
  lastFire: number;
}

/** Stores a recurring window; it fires for the first time after now. Its fields have been checked. */
export async function addWindowSchedule(
  store: Store,
  input: Omit<WindowSchedule, 'id' | 'createdAt' | 'paused'>,
): Promise<WindowScheduleState> {
  const now = await redisNow(store.redis);
  const createdAt = new Date(now).toISOString();
  const schedule: WindowSchedule = { ...input, id: newId('wsch', now), paused: false, createdAt };
  await put(store, schedule, now, 'window-schedule.added');
  return getWindowSchedule(store, schedule.id);
}

/**
 * Lets no fire come any more, or lets it go on: with the next one, those meanwhile are left out.
 * @throws SlackwaterError `not-found`
 */
export async function pauseWindowSchedule(
  store: Store,
  id: string,
  paused: boolean,
): Promise<WindowScheduleState> {
  const { schedule } = await getWindowSchedule(store, id);
  const now = await redisNow(store.redis);
  if (
    schedule.paused !== paused &&
    !(await put(store, { ...schedule, paused }, now, 'window-schedule.changed'))
  )
    throw await unknown(store, id);
  return getWindowSchedule(store, id);
}

/** Its fires are forgotten, its windows are as they were. @throws SlackwaterError `not-found` */
export async function removeWindowSchedule(store: Store, id: string): Promise<void> {
  const { keys, redis } = store;
  const places = [keys.windowSchedules, keys.lastFires, keys.windowFires(id), keys.events];
  if ((await removeScript(redis, ...places, id, keys.wake)) !== 1) throw await unknown({ keys, redis }, id);
}

/** @throws SlackwaterError `not-found` */
export async function getWindowSchedule(store: Store, id: string): Promise<WindowScheduleState> {
  const found = (await listWindowSchedules(store)).find(({ schedule }) => schedule.id === id);
  if (!found) throw await unknown(store, id);
  return found;
}

/** All of them, oldest first. */
export async function listWindowSchedules({ keys, redis }: Store): Promise<WindowScheduleState[]> {
  const [schedules, last] = await Promise.all([
    redis.hvals(keys.windowSchedules),
    redis.hgetall(keys.lastFires),
  ]);
  return (
    schedules
      .map(text => JSON.parse(text) as WindowSchedule)
      // One that was removed between the two reads has no last fire any more.
      .filter(({ id }) => last[id] !== undefined)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map(schedule => ({ schedule, lastFire: Number(last[schedule.id]) }))
  );
}

/** The latest fires, newest first; 200 are kept. */
export async function readWindowFires(
  { keys, redis }: Store,
  id: string,
  limit = 200,
): Promise<WindowFire[]> {
  const texts = await redis.lrange(keys.windowFires(id), 0, limit - 1);
  return texts.map(text => JSON.parse(text) as WindowFire);
}

/**
 * Records fires that opened no window, oldest first (one that did is recorded with its window: `createWindowOfFire`).
 * @returns `stale`: somebody else gave one of them its fate, or the schedule is gone.
 */
export function recordFires(
  { keys, redis }: Store,
  holder: Holder,
  { schedule, lastFire }: WindowScheduleState,
  fires: WindowFire[],
): Promise<'recorded' | 'not-the-holder' | 'stale'> {
  return recordScript(
    redis,
    keys.lease,
    keys.lastFires,
    keys.windowFires(schedule.id),
    keys.events,
    holder.owner,
    holder.term,
    keys.wake,
    schedule.id,
    lastFire,
    Date.parse(fires.at(-1)!.at),
    ...fires.map(fire => JSON.stringify(fire)),
  );
}

async function put(
  { keys, redis }: Store,
  schedule: WindowSchedule,
  now: number,
  event: 'window-schedule.added' | 'window-schedule.changed',
): Promise<boolean> {
  const places = [keys.windowSchedules, keys.lastFires, keys.events];
  return (
    (await putScript(redis, ...places, schedule.id, JSON.stringify(schedule), now, event, keys.wake)) === 1
  );
}

const unknown = async ({ redis, keys }: Pick<Store, 'redis' | 'keys'>, id: string) =>
  notThere(
    'recurring window',
    id,
    await redis.hkeys(keys.windowSchedules),
    'see `slackwater window-schedule ls`',
  );
