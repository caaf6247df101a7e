import { listHolds } from '../store/holds.js';
import type { Store } from '../store/redis.js';
import type { Queues } from './queues.js';

/**
 * Makes the pause flag of every queue follow its holds: set while one stands, set again if somebody cleared it, cleared when the last
 * one is gone. BullMQ's flag is one bit without an owner, so `keys.pausedByUs` remembers which flags are ours: a queue that somebody
 * paused outside Slackwater before a hold came stays paused after it. (One paused by hand *during* a hold cannot be told from ours.)
 *
 * Any number of servers and hosts do this at once, over keys in different slots, so it is no transaction but an order of steps that is safe
 * at every interruption: the note before the flag when pausing; the flag before the note when resuming; and after both a second look, so that a
 * hold that came or went in between is not lost.
 * @param names the queues to look at; default: all that have a hold or a flag of ours.
 */
export async function applyPauseFlags(store: Store, queues: Queues, names?: string[]): Promise<void> {
  const ours = new Set(await store.redis.smembers(store.keys.pausedByUs));
  const held = await heldQueues(store);
  const wanted = names ?? [...new Set([...ours, ...held])];
  await Promise.all(
    wanted.map(async name => {
      if (held.has(name)) await hold(store, queues, name);
      else if (ours.has(name)) await release(store, queues, name);
    }),
  );
}

/**
 * How many runs each queue was ever given, by BullMQ's own counter: it rises with every request to add, whoever makes it, retries and
 * resumed runs not included, requests that repeat an ID included.
 */
export async function intakeCounters(store: Store, names: string[]): Promise<Record<string, number>> {
  const counts = await Promise.all(
    names.map(name => store.redis.get(`${store.keys.queuePrefix}:${name}:id`)),
  );
  return Object.fromEntries(names.map((name, i) => [name, Number(counts[i] ?? 0)]));
}

async function heldQueues(store: Store): Promise<Set<string>> {
  return new Set((await listHolds(store)).flatMap(hold => hold.queues));
}

async function hold(store: Store, queues: Queues, name: string): Promise<void> {
  if (await queues.get(name).isPaused()) return;
  await pause(store, queues, name);
}

async function pause(store: Store, queues: Queues, name: string): Promise<void> {
  await store.redis.sadd(store.keys.pausedByUs, name);
  await queues.get(name).pause();
  // The hold may have been lifted since it was seen, and whoever made the flag follow that may have been here before.
  if (!(await heldQueues(store)).has(name)) return release(store, queues, name);
  // Redis may have died in between and lost the note: the flag that is set when it is back would be nobody's.
  await store.redis.sadd(store.keys.pausedByUs, name);
}

async function release(store: Store, queues: Queues, name: string): Promise<void> {
  await queues.get(name).resume();
  await store.redis.srem(store.keys.pausedByUs, name);
  // Whoever placed a hold after this look sets note and flag after it, too. One placed before may have had either undone just now.
  if ((await heldQueues(store)).has(name)) await pause(store, queues, name);
  // Set again by somebody who had seen the hold, his note gone with ours: it stays ours, and the next sweep clears it.
  else if (await queues.get(name).isPaused()) await store.redis.sadd(store.keys.pausedByUs, name);
}
