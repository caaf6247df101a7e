import type { JobManifest } from '../model/release.js';
import { agePriorities, removeExpired } from '../store/queue-care.js';
import type { Store } from '../store/redis.js';
import { lookAtLines } from './seats.js';

/**
 * What every host does once a second for the queues that it consumes: whoever can be called is called, who waited long rises, what is over goes. Each act has a bound, and does no harm
 * if others do it at the same time.
 * @param agingMs 0: no run rises. @param failedMs how long failed runs are kept.
 */
export async function careForQueues(
  store: Store,
  served: { queue: string; jobs: ReadonlyMap<string, JobManifest> | undefined }[],
  { agingMs, failedMs }: { agingMs: number; failedMs: number },
): Promise<void> {
  await Promise.all(
    served.flatMap(({ queue, jobs }) => [
      // Without a release nothing is known of limits.
      jobs && lookAtLines(store, queue, jobs),
      agingMs > 0 && agePriorities(store, queue, agingMs),
      removeExpired(store, queue, failedMs),
    ]),
  );
}
