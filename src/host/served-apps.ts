import { listApps } from '../store/intents.js';
import type { Store } from '../store/redis.js';

/**
 * The apps of which this host serves a queue: it keeps no workers for others, and proves nothing for them.
 * @param queues `null`: all.
 */
export async function servedApps(store: Store, queues: string[] | null): Promise<string[]> {
  const apps = await listApps(store);
  if (!queues) return apps;
  const owners = new Set(await store.redis.hmget(store.keys.queues, ...queues));
  return apps.filter(app => owners.has(app));
}
