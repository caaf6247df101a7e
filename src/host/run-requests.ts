import type { Service } from '../platform/service.js';
import { listen } from '../store/listen.js';
import type { Store } from '../store/redis.js';
import { runRequests } from '../store/run-requests.js';

/**
 * Hears what people want of runs that may be held here, and that there is something to do for workflow runs of an app. A message that is missed costs time only: the mark in
 * the store is found when the run next starts, and the agenda is looked at once a second.
 */
export function followRunRequests(
  store: Store,
  onCancel: (run: { queue: string; id: string }) => void,
  onAgenda: (app: string) => void,
): Service {
  return listen(store, runRequests(store), {
    message(text) {
      const { cancel, agenda } = JSON.parse(text) as {
        cancel?: { queue: string; id: string };
        agenda?: { app: string };
      };
      if (cancel) onCancel(cancel);
      if (agenda) onAgenda(agenda.app);
    },
  });
}
