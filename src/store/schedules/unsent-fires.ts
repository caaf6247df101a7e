import type { UnsentFire } from '../../model/schedule.js';
import type { Store } from '../redis.js';

/** How one is called in the list of those to be sent. */
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
