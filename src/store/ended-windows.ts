import type { Store } from './redis.js';

/** How many ended windows of an app are kept, each with its report. */
const KEPT = 1_000;

/**
 * Forgets the windows of an app that ended before the newest `keep`. Called after each end; what a crash left undone the next one does.
 */
export async function pruneWindows({ keys, redis }: Store, app: string, keep = KEPT): Promise<void> {
  const old = await redis.zrange(keys.endedWindows(app), 0, String(-(keep + 1)));
  if (old.length === 0) return;
  await redis
    .multi()
    .del(...old.flatMap(id => [keys.window(id), keys.report(id), keys.heldFires(id)]))
    .zrem(keys.windows, ...old)
    .zrem(keys.endedWindows(app), ...old)
    .exec();
}
