import type { Service } from '../platform/service.js';
import { listen } from '../store/listen.js';
import type { Store } from '../store/redis.js';
import { runRequests } from '../store/run-requests.js';

/**
 * Hears what people want of runs that may be held here. A message that is missed costs time only: the mark in the store is found when the run next
 * starts.
 */
export function followRunRequests(
  store: Store,
  onCancel: (run: { queue: string; id: string }) => void,
): Service {
  return listen(store, runRequests(store), {
    message(text) {
      const { cancel } = JSON.parse(text) as { cancel?: { queue: string; id: string } };
      if (cancel) onCancel(cancel);
    },
  });
}
