import type { Intent } from '../model/intent.js';
import { listHolds } from '../store/holds.js';
import { listApps, readIntent } from '../store/intents.js';
import { redisNow, type Store } from '../store/redis.js';

/** What holds the intake of a queue. */
interface QueueHold {
  reason: string;
  /** ID, where it is that of a window. */
  window?: string;
}

/** One look at all that bears on schedules and may change without their scheduler. */
export interface Seen {
  /** By the clock of Redis, ms. */
  now: number;
  intents: Intent[];
  /** Of each app, as stored: the set that applies, and how often persons did something to it. */
  applied: Record<string, string>;
  versions: Record<string, string>;
  /** How many fires are recorded as running and not known to be in their queue. */
  unsent: number;
  /** By queue. */
  holds: Map<string, QueueHold>;
}

export async function observe(store: Store): Promise<Seen> {
  const { redis, keys } = store;
  // Before the gates: a window that ends in between is still seen to hold its queues, never a closed gate without what it holds.
  const [holds, apps] = await Promise.all([holdsByQueue(store), listApps(store)]);
  const [now, intents, applied, versions, unsent] = await Promise.all([
    redisNow(redis),
    Promise.all(apps.map(app => readIntent(store, app))),
    redis.hgetall(keys.appliedSchedules),
    redis.hgetall(keys.schedulesVersions),
    redis.hlen(keys.unsentFires),
  ]);
  return { now, intents: intents.filter(intent => intent !== null), applied, versions, unsent, holds };
}

async function holdsByQueue(store: Store): Promise<Seen['holds']> {
  const holds: Seen['holds'] = new Map();
  for (const { owner, reason, until, queues } of await listHolds(store)) {
    const window = /^window:(.+)$/.exec(owner)?.[1];
    const hold = window
      ? { reason: `window ${window} holds its queue`, window }
      : { reason: `${owner} holds its queue until ${until}: ${reason}` };
    // Where several hold it, a window is what people want to know of.
    for (const queue of queues) if (window || !holds.has(queue)) holds.set(queue, hold);
  }
  return holds;
}
