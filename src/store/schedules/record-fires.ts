import { randomBytes } from 'node:crypto';
import {
  type Fire,
  fatesOf,
  fireRunId,
  type Schedule,
  type UnsentFire,
  unsentFire,
} from '../../model/schedule.js';
import { appendEvent } from '../events.js';
import type { Holder } from '../lease.js';
import { redisNow, type Store, script } from '../redis.js';
import { type DecidedFire, FIRES_KEPT, FIRES_KEPT_MS, STARTS_KEPT, STARTS_KEPT_MS, toFire } from './fires.js';
import { type RunByHand, unknown } from './schedules.js';
import { unsentField } from './unsent-fires.js';

const recordScript = script<[answer: '' | 'not-the-holder', ...marks: number[]]>('record-schedule-fires');
const byHandScript = script<number>('fire-by-hand', 6);

/** What becomes of one schedule at once: all or nothing. */
export interface Decision {
  schedule: string;
  /** Its state as it was read, and as it shall be. */
  seen: string;
  state: string;
  fires: DecidedFire[];
  unsent: UnsentFire[];
}

export interface Recorded {
  answer: 'recorded' | 'not-the-holder';
  /** Indexes of the decisions that were not taken: somebody else was here. */
  stale: Set<number>;
  /** Indexes of those whose fire had been started before: it is not on the list of what is to be sent. */
  startedBefore: Set<number>;
}

/** Records what becomes of schedules of one app. */
export async function recordFates(
  store: Store,
  holder: Holder,
  app: string,
  decisions: Decision[],
): Promise<Recorded> {
  const { redis, keys } = store;
  const names = [keys.lease, keys.scheduleStates(app), keys.unsentFires, keys.events];
  const placeOf = (key: string) => (names.includes(key) ? names.indexOf(key) : names.push(key) - 1) + 1;
  const values = decisions.flatMap(({ schedule, seen, state, fires, unsent }) => [
    schedule,
    seen,
    state,
    fires.length > 0 ? placeOf(keys.fires(app, schedule)) : 0,
    unsent.length > 0 ? placeOf(keys.started(app, schedule)) : 0,
    fires.length,
    ...fires.flatMap(fire => {
      const sent = unsent.find(({ id }) => id === fire.run);
      return [
        fire.at,
        JSON.stringify(fire),
        fire.window ? placeOf(keys.heldFires(fire.window)) : 0,
        `${schedule} ${fire.at}`,
        sent ? unsentField(sent) : '',
        sent ? JSON.stringify(sent) : '',
      ];
    }),
  ]);
  const told = eventOf(app, decisions);
  const [answer, ...marks] = await recordScript(
    redis,
    names.length,
    ...names,
    holder.owner,
    holder.term,
    told ? JSON.stringify(told) : '',
    FIRES_KEPT,
    FIRES_KEPT_MS,
    STARTS_KEPT,
    STARTS_KEPT_MS,
    ...values,
  );
  const left = new Set(marks.filter(mark => mark >= 0));
  const startedBefore = new Set(marks.filter(mark => mark < 0).map(mark => -1 - mark));
  const taken = decisions.filter((_, i) => !left.has(i));
  const rest = left.size > 0 ? eventOf(app, taken) : null;
  if (rest) await appendEvent(store, 'schedule.fires', rest);
  return { answer: answer === '' ? 'recorded' : answer, stale: left, startedBefore };
}

/** For screens: what became of them, and the first hundred by name. */
function eventOf(app: string, decisions: Decision[]): Record<string, unknown> | null {
  const fires = decisions.flatMap(({ schedule, fires }) => fires.map(fire => ({ ...fire, schedule })));
  if (fires.length === 0) return null;
  const shown = fires.slice(0, 100).map(({ schedule, at, fate }) => ({ schedule, at: iso(at), fate }));
  return { app, fates: fatesOf(fires), fires: shown };
}

/**
 * A fire that a person asks for, now: recorded and put on the list of what is to be sent. It runs whatever else does.
 * @throws SlackwaterError `not-found`: the schedule does not apply any more.
 */
export async function recordByHand(
  { redis, keys }: Store,
  app: string,
  schedule: Schedule,
  { by }: { by: string },
): Promise<{ fire: Fire; unsent: UnsentFire }> {
  const { job, queue } = schedule;
  let at = await redisNow(redis);
  const request = randomBytes(6).toString('hex');
  for (; ; at++) {
    // A whole second may be an instant of the schedule itself: that is another fire.
    if (at % 1_000 === 0) at++;
    const id = fireRunId(app, job, at);
    const fire: DecidedFire = { at, fate: 'ran', reason: `asked for by ${by}`, run: id, request };
    const run: RunByHand = { queue, id };
    const unsent = unsentFire(app, schedule, id, at);
    const event = { app, fates: { ran: 1 }, fires: [{ schedule: job, at: iso(at), fate: 'ran' }], by };
    const answer = await byHandScript(
      redis,
      keys.schedules(app),
      keys.runsByHand(app),
      keys.fires(app, job),
      keys.unsentFires,
      keys.events,
      keys.schedulesVersions,
      job,
      at,
      JSON.stringify(fire),
      JSON.stringify(run),
      unsentField(unsent),
      JSON.stringify(unsent),
      JSON.stringify(event),
      FIRES_KEPT,
      FIRES_KEPT_MS,
      keys.wake,
      app,
    );
    if (answer === -1) throw unknown(job, app);
    if (answer === 1) return { fire: toFire(app, job, JSON.stringify(fire)), unsent };
  }
}

const iso = (at: number): string => new Date(at).toISOString();
