import type { Intent } from '../model/intent.js';
import type { Service } from '../platform/service.js';
import type { Holder } from './lease.js';
import { listen } from './listen.js';
import { type Store, script } from './redis.js';

const claimScript = script<number>('claim-intent', 2);

/** What an intent did not say that an earlier version of Slackwater wrote. */
const EARLIER = { arriveAt: null, moved: [], share: 0 };

/** What hosts are to make so for this app; `null` before its first window. */
export async function readIntent(store: Store, app: string): Promise<Intent | null> {
  const text = await store.redis.get(store.keys.intent(app));
  return text === null ? null : { ...EARLIER, ...(JSON.parse(text) as Intent) };
}

/** The apps that ever pushed a release or had a window, in order of their names. */
export async function listApps(store: Store): Promise<string[]> {
  return (await store.redis.smembers(store.keys.apps)).sort();
}

/**
 * Puts the intents of all apps under the term of the present holder of the lease. Hosts follow none of a lower term than they have seen, and a Redis that lost what it
 * wrote last may have gone back to one: nobody would follow that.
 */
export async function claimIntents(store: Store, holder: Holder): Promise<void> {
  const { keys, redis } = store;
  const intents = await Promise.all((await listApps(store)).map(app => readIntent(store, app)));
  const former = intents.filter(intent => intent !== null).filter(intent => intent.term < holder.term);
  await Promise.all(
    former.map(({ revision, term: _, ...fields }) =>
      claimScript(
        redis,
        keys.lease,
        keys.intent(fields.app),
        holder.owner,
        holder.term,
        revision,
        JSON.stringify(fields),
        keys.wake,
      ),
    ),
  );
}

/**
 * Calls `onWake` whenever the control plane changed, and after each reconnect, since messages may have been missed meanwhile. It is a
 * hint and never the truth: whoever listens also looks by itself once a second.
 */
export function watchControl(store: Store, onWake: () => void): Service {
  return listen(store, store.keys.wake, { message: onWake, listening: onWake });
}
