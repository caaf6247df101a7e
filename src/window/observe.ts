import type { Hold } from '../model/hold.js';
import type { Window } from '../model/window.js';
import { listHolds } from '../store/holds.js';
import { listHosts } from '../store/hosts.js';
import { readIntent } from '../store/intents.js';
import { redisNow, type Store } from '../store/redis.js';
import { getWindow } from '../store/windows.js';
import type { Observation } from './facts.js';

/** One look at a window and at all that bears on it. */
export interface Look extends Observation {
  window: Window;
  holds: Hold[];
  /** By the clock of Redis, ms. */
  now: number;
}

/** Everything in one round trip, as it is on the way to the decision how long the stop takes. */
export async function observe(store: Store, of: Window, open: Window[]): Promise<Look> {
  const [window, intent, hosts, holds, now] = await Promise.all([
    getWindow(store, of.id),
    readIntent(store, of.app),
    listHosts(store),
    listHolds(store),
    redisNow(store.redis),
  ]);
  const busy = open.find(({ id, app, phase }) => app === of.app && id !== of.id && phase !== 'scheduled');
  return { window, intent, hosts, holds, now, busy: busy?.id ?? null };
}
