import type { Hold } from '../model/hold.js';
import type { Intent } from '../model/intent.js';
import { SlackwaterError } from '../platform/errors.js';
import { newId } from '../platform/ids.js';
import { listApps, readIntent } from './intents.js';
import { notThere } from './not-there.js';
import { redisNow, type Store, script } from './redis.js';

const placeHoldScript = script<number>('place-hold', 2);
const liftHoldScript = script<number>('lift-hold', 2);
const openGateScript = script<number>('open-gate', 2);

/** Owner of the hold that a window places; nobody but the window (or time) lifts that. */
export const windowOwner = (windowId: string): string => `window:${windowId}`;
const isWindowHold = (hold: Hold): boolean => hold.owner.startsWith('window:');

/**
 * Places a hold of a person (a window's own is written together with its phase). The flags follow with the next sweep, or at once by
 * `applyPauseFlags` of `src/queue`.
 * @throws SlackwaterError `bad-request` unless `until` is a time in the future, by the clock of Redis.
 */
export async function placeHold(store: Store, hold: Omit<Hold, 'id' | 'placedAt'>): Promise<Hold> {
  const now = await redisNow(store.redis);
  const until = Date.parse(hold.until);
  if (Number.isNaN(until) || until <= now) {
    throw new SlackwaterError(
      'bad-request',
      `a hold needs an end in the future, and ${JSON.stringify(hold.until)} is none: give "until" as a later ISO 8601 time`,
      [{ pointer: '/until', detail: 'must be an ISO 8601 time in the future' }],
    );
  }
  if (hold.queues.length === 0) {
    throw new SlackwaterError('bad-request', 'a hold needs at least one queue: name "queues" or an "app"', [
      { pointer: '/queues', detail: 'must name at least one queue' },
    ]);
  }
  const placed: Hold = {
    ...hold,
    id: newId('hold', now),
    placedAt: new Date(now).toISOString(),
    until: new Date(until).toISOString(),
  };
  const { keys, redis } = store;
  await placeHoldScript(redis, keys.holds, keys.events, placed.id, JSON.stringify(placed), keys.wake);
  return placed;
}

/**
 * Lifts a person's hold before its time.
 * @throws SlackwaterError `not-found`; `conflict` for the hold of a window, which only its window lifts.
 */
export async function liftHold(store: Store, id: string): Promise<Hold> {
  const text = await store.redis.hget(store.keys.holds, id);
  if (text === null)
    throw notThere('hold', id, await store.redis.hkeys(store.keys.holds), 'see `slackwater hold ls`');
  const hold = JSON.parse(text) as Hold;
  if (isWindowHold(hold)) {
    const window = hold.owner.slice('window:'.length);
    throw new SlackwaterError('conflict', `this hold belongs to window ${window}: abort the window instead`);
  }
  await removeHold(store, id, text, 'lifted');
  return hold;
}

/** All that stand, oldest first. */
export async function listHolds(store: Store): Promise<Hold[]> {
  const texts = await store.redis.hvals(store.keys.holds);
  return texts
    .map(text => JSON.parse(text) as Hold)
    .sort((a, b) => (a.placedAt + a.id < b.placedAt + b.id ? -1 : 1));
}

export async function holdsOn(store: Store, queue: string): Promise<Hold[]> {
  return (await listHolds(store)).filter(hold => hold.queues.includes(queue));
}

/**
 * "Never paused forever": every server and every host calls this once a second. It lifts the holds whose time is over (and no other: a
 * person's hold stays until its own `until`), opens the gates that should have been opened by then and asks no run to stop any more, on
 * whatever release the intent names, and makes the pause flags follow.
 * @returns whether it changed anything in holds or gates.
 */
export async function sweep(store: Store, applyFlags: () => Promise<void>): Promise<boolean> {
  const now = await redisNow(store.redis);
  const lifted = await liftExpired(store, now);
  const opened = await openExpired(store, now);
  await applyFlags();
  return lifted || opened;
}

async function liftExpired(store: Store, now: number): Promise<boolean> {
  const entries = Object.entries(await store.redis.hgetall(store.keys.holds));
  const expired = entries.filter(([, text]) => Date.parse((JSON.parse(text) as Hold).until) <= now);
  const results = await Promise.all(expired.map(([id, text]) => removeHold(store, id, text, 'expired')));
  return results.some(Boolean);
}

async function openExpired(store: Store, now: number): Promise<boolean> {
  const intents = await Promise.all((await listApps(store)).map(app => readIntent(store, app)));
  const results = await Promise.all(
    intents
      .filter(intent => intent !== null && isOverdue(intent, now))
      .map(intent => openGate(store, intent!)),
  );
  return results.some(Boolean);
}

const isOverdue = ({ until }: Intent, now: number): boolean => until !== null && Date.parse(until) <= now;

/** Compares before it writes: an intent that the engine changed in between stands. */
async function openGate(store: Store, intent: Intent): Promise<boolean> {
  const { keys, redis } = store;
  const { revision, term: _, ...fields } = intent;
  const opened = {
    ...fields,
    gate: 'open',
    drain: false,
    force: false,
    arriveAt: null,
    standby: null,
    proofRound: 0,
    until: null,
  };
  return (
    (await openGateScript(
      redis,
      keys.intent(intent.app),
      keys.events,
      revision,
      JSON.stringify(opened),
      keys.wake,
    )) === 1
  );
}

async function removeHold(store: Store, id: string, text: string, why: string): Promise<boolean> {
  const { keys, redis } = store;
  return (await liftHoldScript(redis, keys.holds, keys.events, id, text, why, keys.wake)) === 1;
}
