import { freezeAt } from '../model/freeze.js';
import type { Intent } from '../model/intent.js';
import { queuesOf } from '../model/manifest.js';
import type { Window } from '../model/window.js';
import { applyPauseFlags, intakeCounters } from '../queue/intake.js';
import type { Queues } from '../queue/queues.js';
import { pruneWindows } from '../store/ended-windows.js';
import { appendEvent } from '../store/events.js';
import { listFreezes } from '../store/freezes.js';
import { listHolds, sweep } from '../store/holds.js';
import { lookAtHosts } from '../store/hosts.js';
import { claimIntents, readIntent, watchControl } from '../store/intents.js';
import { redisNow, type Store } from '../store/redis.js';
import { getRelease } from '../store/releases.js';
import { readRecord } from '../store/run-records.js';
import { readSigns } from '../store/task-signs.js';
import { advance, getWindow, openWindows, readNotes } from '../store/windows.js';
import type { ControlPlane } from './control-plane.js';

/** Another release has come into its place since the window was declared: its queues are the window's too. */
async function queuesReplaced(store: Store, { phase, previousRelease }: Window, intent: Intent | null) {
  const current = intent?.release ?? null;
  if (phase !== 'scheduled' || current === null || current === previousRelease) return [];
  return queuesOf(await getRelease(store, current));
}

/** The control plane in Redis, as the engine sees it. */
export function redisControlPlane(store: Store, queues: Queues): ControlPlane {
  return {
    openWindows: () => openWindows(store),
    // Everything in one round trip, as it is on the way to the decision how long the stop takes; a second one while hooks or probes run.
    // What a further fact needs is read here too.
    async look(of) {
      const [[window, signs], intent, { hosts, lastWords }, holds, freezes, now, fresh, old] =
        await Promise.all([
          getWindow(store, of.id).then(async window => [window, await readSigns(store, window)] as const),
          readIntent(store, of.app),
          lookAtHosts(store, of.id),
          listHolds(store),
          listFreezes(store),
          redisNow(store.redis),
          readRecord(store, of.app, of.release),
          readRecord(store, of.app, of.previousRelease),
        ]);
      const freeze = freezeAt(freezes, of.app, now);
      const records = { new: fresh, old };
      const queues = await queuesReplaced(store, window, intent);
      return { window, intent, hosts, lastWords, holds, now, signs, records, freeze, queues };
    },
    advance: (holder, change) => advance(store, holder, change),
    notes: windowId => readNotes(store, windowId),
    prune: app => pruneWindows(store, app),
    async tell(type, data) {
      await appendEvent(store, type, data);
    },
    intakeCounters: names => intakeCounters(store, names),
    applyPauseFlags: names => applyPauseFlags(store, queues, names),
    claimIntents: holder => claimIntents(store, holder),
    async sweep() {
      await sweep(store, () => applyPauseFlags(store, queues));
    },
    watch: onWake => watchControl(store, onWake),
  };
}
