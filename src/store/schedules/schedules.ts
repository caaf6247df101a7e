import type {
  AppliedSet,
  Schedule,
  SchedulePause,
  ScheduleState,
  SchedulesDiff,
} from '../../model/schedule.js';
import { SlackwaterError } from '../../platform/errors.js';
import { didYouMean } from '../../platform/near-names.js';
import { listApps } from '../intents.js';
import type { Holder } from '../lease.js';
import { redisNow, type Store, script } from '../redis.js';

const applyScript = script<'recorded' | 'not-the-holder' | 'stale'>('apply-schedules', 5);
const pauseScript = script<number>('pause-schedule', 4);

/** The run of a schedule that a person asked for last. */
export interface RunByHand {
  queue: string;
  id: string;
}

/** Everything of the schedules of one app, as it is kept. */
export interface KeptSchedules {
  /** As stored; `null`: none were ever applied. */
  applied: string | null;
  schedules: Schedule[];
  /** As stored, by name, those of schedules that do not apply any more included. */
  states: Map<string, string>;
  pauses: Map<string, SchedulePause>;
  byHand: Map<string, RunByHand>;
}

export async function readSchedules({ redis, keys }: Store, app: string): Promise<KeptSchedules> {
  const [applied, schedules, states, pauses, byHand] = await Promise.all([
    redis.hget(keys.appliedSchedules, app),
    redis.hvals(keys.schedules(app)),
    redis.hgetall(keys.scheduleStates(app)),
    redis.hgetall(keys.schedulePauses(app)),
    redis.hgetall(keys.runsByHand(app)),
  ]);
  return {
    applied,
    schedules: schedules.map(text => JSON.parse(text) as Schedule).sort((a, b) => (a.job < b.job ? -1 : 1)),
    states: new Map(Object.entries(states)),
    pauses: parsed<SchedulePause>(pauses),
    byHand: parsed<RunByHand>(byHand),
  };
}

const parsed = <Value>(texts: Record<string, string>): Map<string, Value> =>
  new Map(Object.entries(texts).map(([name, text]) => [name, JSON.parse(text) as Value]));

/** No clock that is set right goes back by more, ms: what has its fate later than that has it by a clock that was far ahead. */
const MOST_AHEAD_MS = 86_400_000;

export const isFarAhead = (last: number, now: number): boolean => last - now > MOST_AHEAD_MS;

/** Of a schedule that has just come, or that fires at other times than before: what would have been is nobody's missed fire. */
export const stateFrom = (now: number, former?: ScheduleState): ScheduleState => ({
  ...(former ?? { held: [], waiting: [], run: null }),
  // Never back: a clock that went back would fire again.
  last: former && !isFarAhead(former.last, now) ? Math.max(now, former.last) : now,
});

/** A state as the store has it: equal states are equal texts. */
export const stateText = ({ last, held, waiting, run }: ScheduleState): string =>
  JSON.stringify({ last, held, waiting, run });

export interface NewSet {
  app: string;
  /** As stored. */
  seen: string | null;
  applied: AppliedSet;
  diff: SchedulesDiff;
  /** Those that are new or changed, with a state where that is another. */
  put: { schedule: Schedule; state: string | null }[];
  /** Names whose state is too old to matter. */
  forget: string[];
}

/** @returns `stale`: somebody else applied a set. */
export function applySchedules(
  { redis, keys }: Store,
  holder: Holder,
  { app, seen, applied, diff, put, forget }: NewSet,
): Promise<'recorded' | 'not-the-holder' | 'stale'> {
  return applyScript(
    redis,
    keys.lease,
    keys.appliedSchedules,
    keys.schedules(app),
    keys.scheduleStates(app),
    keys.events,
    holder.owner,
    holder.term,
    keys.wake,
    app,
    seen ?? '',
    JSON.stringify(applied),
    JSON.stringify({ app, release: applied.release, ...inShort(diff) }),
    JSON.stringify(diff.removed),
    JSON.stringify(forget),
    ...put.flatMap(({ schedule, state }) => [schedule.job, JSON.stringify(schedule), state ?? '']),
  );
}

/** For the event: of each kind the first hundred, by name. */
const inShort = ({ added, removed, changed }: SchedulesDiff) => ({
  added: added.slice(0, 100),
  removed: removed.slice(0, 100),
  changed: changed.slice(0, 100).map(({ schedule }) => schedule),
});

/** A schedule that applies, as people see it. */
export interface ScheduleView extends Schedule {
  app: string;
  /** The release that it comes with. */
  release: string;
  paused: SchedulePause | null;
  state: ScheduleState;
}

/** Those that apply, of one app or of all, by app and name. */
export async function listSchedules(store: Store, app?: string): Promise<ScheduleView[]> {
  const apps = app === undefined ? await listApps(store) : [app];
  const kept = await Promise.all(apps.map(each => readSchedules(store, each)));
  return apps.flatMap((each, i) => {
    const { applied, schedules, states, pauses } = kept[i]!;
    if (applied === null) return [];
    const { release, at } = JSON.parse(applied) as AppliedSet;
    return schedules.map(schedule => {
      const text = states.get(schedule.job);
      const state = text === undefined ? stateFrom(at) : (JSON.parse(text) as ScheduleState);
      return { ...schedule, app: each, release, paused: pauses.get(schedule.job) ?? null, state };
    });
  });
}

/** @throws SlackwaterError `not-found`; `conflict` where several apps have one of this name. */
export async function findSchedule(store: Store, name: string, app?: string): Promise<ScheduleView> {
  const all = await listSchedules(store, app);
  return theOne(
    name,
    all.filter(({ job }) => job === name),
    app,
    all.map(({ job }) => job),
  );
}

/** The only one of this name. @param known all names, to tell which may have been meant. @throws SlackwaterError as `findSchedule` */
export function theOne<Found extends { app: string }>(
  name: string,
  found: Found[],
  app?: string,
  known: string[] = [],
): Found {
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw unknown(name, app, known);
  const apps = found.map(each => each.app).join(', ');
  throw new SlackwaterError(
    'conflict',
    `apps ${apps} each have a schedule ${name}: say which (--app, ?app=)`,
    [{ pointer: '/app', detail: `must be one of ${apps}` }],
  );
}

/**
 * Lets a schedule rest: its fires are skipped until it is resumed, whatever release comes meanwhile. Pausing twice is the same as once.
 * @throws SlackwaterError as `findSchedule`
 */
export async function pauseSchedule(
  store: Store,
  of: { name: string; app?: string | undefined },
  by: { by: string; reason?: string | undefined },
): Promise<ScheduleView> {
  const at = new Date(await redisNow(store.redis)).toISOString();
  return setPause(store, of, { by: by.by, at, reason: by.reason ?? null }, by.by);
}

/** Lets it go on, with the next fire. @throws SlackwaterError as `findSchedule` */
export const resumeSchedule = (
  store: Store,
  of: { name: string; app?: string | undefined },
  { by }: { by: string },
): Promise<ScheduleView> => setPause(store, of, null, by);

async function setPause(
  store: Store,
  of: { name: string; app?: string | undefined },
  pause: SchedulePause | null,
  by: string,
): Promise<ScheduleView> {
  const { redis, keys } = store;
  const { app, job: name } = await findSchedule(store, of.name, of.app);
  const answer = await pauseScript(
    redis,
    keys.schedules(app),
    keys.schedulePauses(app),
    keys.schedulesVersions,
    keys.events,
    name,
    pause ? JSON.stringify(pause) : '',
    pause ? 'schedule.paused' : 'schedule.resumed',
    JSON.stringify({ app, schedule: name, by, ...(pause?.reason && { reason: pause.reason }) }),
    keys.wake,
    app,
  );
  if (answer === -1) throw unknown(name, app);
  return findSchedule(store, name, app);
}

export const unknown = (name: string, app?: string, known: string[] = []): SlackwaterError => {
  const where = app === undefined ? '' : ` in app ${app}`;
  const otherwise = 'see `slackwater schedules ls` (those of the release that runs apply)';
  return new SlackwaterError(
    'not-found',
    `there is no schedule ${name}${where}: ${didYouMean(name, known, otherwise)}`,
  );
};
