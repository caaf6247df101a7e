import { randomBytes } from 'node:crypto';
import {
  type Fate,
  type Fire,
  fireRunId,
  type Schedule,
  type ScheduleState,
  type UnsentFire,
} from '../model/schedule.js';
import { appendEvent } from './events.js';
import type { Holder } from './lease.js';
import { redisNow, type Store, script } from './redis.js';
import { type RunByHand, unknown } from './schedules.js';

const recordScript = script<[answer: '' | 'not-the-holder', ...stale: number[]]>('record-schedule-fires');
const byHandScript = script<number>('fire-by-hand', 6);

/** The ledger: of each schedule so many fires, and none that is older, ms. */
export const FIRES_KEPT = 1_000;
export const FIRES_KEPT_MS = 30 * 86_400_000;
/** Beyond the ledger it is known of so many instants of a schedule that their runs were started, for so long after the latest, ms. */
export const STARTS_KEPT = 10_000;
const STARTS_KEPT_MS = 400 * 86_400_000;

/** A fire that gets a fate now. */
export interface DecidedFire {
  /** ms. */
  at: number;
  fate: Fate;
  reason: string;
  window?: string;
  /** ID of its run. */
  run?: string;
  /** Of one that a person asked for: unlike any other. */
  request?: string;
}

/** What the ledger has of it: the schedule is in the key. */
type Entry = DecidedFire;

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
  const [answer, ...stale] = await recordScript(
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
  const left = new Set(stale.map(Number));
  const taken = decisions.filter((_, i) => !left.has(i));
  const rest = left.size > 0 ? eventOf(app, taken) : null;
  if (rest) await appendEvent(store, 'schedule.fires', rest);
  return { answer: answer === '' ? 'recorded' : answer, stale: left };
}

/** For screens: what became of them, and the first hundred by name. */
function eventOf(app: string, decisions: Decision[]): Record<string, unknown> | null {
  const fires = decisions.flatMap(({ schedule, fires }) => fires.map(fire => ({ ...fire, schedule })));
  if (fires.length === 0) return null;
  const fates: Partial<Record<Fate, number>> = {};
  for (const { fate } of fires) fates[fate] = (fates[fate] ?? 0) + 1;
  const shown = fires.slice(0, 100).map(({ schedule, at, fate }) => ({ schedule, at: iso(at), fate }));
  return { app, fates, fires: shown };
}

const iso = (at: number): string => new Date(at).toISOString();
export const unsentField = ({ app, schedule, id }: Pick<UnsentFire, 'app' | 'schedule' | 'id'>): string =>
  `${app} ${schedule} ${id}`;

/** All that is recorded as running, and not yet known to be in its queue. */
export async function unsentFires({ redis, keys }: Store): Promise<UnsentFire[]> {
  const found = new Map<string, UnsentFire>();
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscan(keys.unsentFires, cursor, 'COUNT', 500);
    for (let i = 0; i < fields.length; i += 2)
      found.set(fields[i]!, JSON.parse(fields[i + 1]!) as UnsentFire);
    cursor = next;
  } while (cursor !== '0');
  return [...found.values()];
}

/** Which of these runs of a schedule, by their IDs, are on that list. */
export async function unsentAmong(
  { redis, keys }: Store,
  { app, schedule }: { app: string; schedule: string },
  ids: string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const found = await redis.hmget(keys.unsentFires, ...ids.map(id => unsentField({ app, schedule, id })));
  return new Set(ids.filter((_, i) => found[i] !== null));
}

/** These are in their queue. */
export async function strikeOff({ redis, keys }: Store, fires: UnsentFire[]): Promise<void> {
  if (fires.length > 0) await redis.hdel(keys.unsentFires, ...fires.map(unsentField));
}

export interface FirePage {
  items: Fire[];
  /** Give it as `before` for those that are older; `null`: there are none. */
  next: number | null;
}

/**
 * The fires of one schedule, the newest first.
 * @param options.before ms: only those before that instant.
 */
export async function readFires(
  { redis, keys }: Store,
  { app, schedule }: { app: string; schedule: string },
  { before, limit = 100 }: { before?: number | undefined; limit?: number | undefined } = {},
): Promise<FirePage> {
  const max = before === undefined ? '+inf' : `(${before}`;
  const key = keys.fires(app, schedule);
  const texts = await redis.zrange(key, max, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, limit + 1);
  const items = texts.slice(0, limit).map(text => toFire(app, schedule, text));
  return { items, next: texts.length > limit ? Date.parse(items.at(-1)!.at) : null };
}

/** The newest `most` fires of each of several schedules before an instant (ms), in their order. */
export async function readFiresOfEach(
  { redis, keys }: Store,
  asked: { app: string; schedule: string; before: number | undefined }[],
  most: number,
): Promise<Fire[][]> {
  const reads = redis.pipeline();
  for (const { app, schedule, before } of asked) {
    const max = before === undefined ? '+inf' : `(${before}`;
    reads.zrange(keys.fires(app, schedule), max, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, most);
  }
  const answers = (await reads.exec()) ?? [];
  return asked.map(({ app, schedule }, i) => {
    const [fault, texts] = answers[i] ?? [];
    if (fault) throw fault;
    return (texts as string[]).map(text => toFire(app, schedule, text));
  });
}

export interface Starts {
  /** Instants of which it is known that the schedule has started their runs, ms. */
  instants: Set<number>;
  /** Before it nothing is known any more, ms; `null`: nothing was forgotten. */
  since: number | null;
}

/** What a schedule has started of its instants between two, both included. */
export async function startsOf(
  { redis, keys }: Store,
  { app, schedule }: { app: string; schedule: string },
  from: number,
  to: number,
): Promise<Starts> {
  const key = keys.started(app, schedule);
  const [count, first, found] = await Promise.all([
    redis.zcard(key),
    redis.zrange(key, '0', '0'),
    redis.zrangebyscore(key, from, to),
  ]);
  const since = count >= STARTS_KEPT ? Number(first[0]) : null;
  return { instants: new Set(found.map(Number)), since };
}

/** The fires that a window held, as they are now, the oldest first. At most 10,000 are kept. */
export async function firesOfWindow({ redis, keys }: Store, window: string, app: string): Promise<Fire[]> {
  const texts = Object.entries(await redis.hgetall(keys.heldFires(window)));
  return texts
    .map(([field, text]) => toFire(app, field.split(' ')[0]!, text))
    .sort((a, b) => (a.at + a.schedule < b.at + b.schedule ? -1 : 1));
}

function toFire(app: string, schedule: string, text: string): Fire {
  const { at, fate, reason, run = null, window } = JSON.parse(text) as Entry;
  return { schedule, app, at: iso(at), fate, reason, run, ...(window !== undefined && { window }) };
}

/**
 * A fire that a person asks for, now: recorded and put on the list of what is to be sent. It runs whatever else does.
 * @throws SlackwaterError `not-found`: the schedule does not apply any more.
 */
export async function recordByHand(
  { redis, keys }: Store,
  app: string,
  { job, queue, payload }: Schedule,
  { by }: { by: string },
): Promise<{ fire: Fire; unsent: UnsentFire }> {
  let at = await redisNow(redis);
  const request = randomBytes(6).toString('hex');
  for (; ; at++) {
    // A whole second may be an instant of the schedule itself: that is another fire.
    if (at % 1_000 === 0) at++;
    const id = fireRunId(app, job, at);
    const fire: DecidedFire = { at, fate: 'ran', reason: `asked for by ${by}`, run: id, request };
    const run: RunByHand = { queue, id };
    const unsent = { app, schedule: job, queue, job, id, scheduledFor: iso(at), payload };
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

/** A state as the store has it: equal states are equal texts. */
export const stateText = ({ last, held, waiting, run }: ScheduleState): string =>
  JSON.stringify({ last, held, waiting, run });
