import type { Release } from '../model/release.js';
import type { UsedRelease } from '../model/release-use.js';
import { listApps, readIntent } from '../store/intents.js';
import type { Store } from '../store/redis.js';
import { openWindows } from '../store/windows.js';
import { targetOf } from '../window/direction.js';

/** Looks what use is made of releases now. @returns what says it of one of them. */
export async function releaseUses(store: Store): Promise<(release: Release) => UsedRelease> {
  const [apps, open] = await Promise.all([listApps(store), openWindows(store)]);
  const intents = await Promise.all(apps.map(app => readIntent(store, app)));
  const current = new Set(intents.map(intent => intent?.release));
  return release => ({
    ...release,
    current: current.has(release.id),
    windows: open
      .filter(window => targetOf(window) === release.id)
      .map(({ id, phase, outcome, startsAt }) => ({ id, phase, outcome, startsAt })),
  });
}
