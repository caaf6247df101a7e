import type { EnqueueOptions } from '../model/messages.js';
import { SlackwaterError } from '../platform/errors.js';
import { enqueueRun } from '../queue/enqueue.js';
import type { Queues } from '../queue/queues.js';
import { listApps, readIntent } from '../store/intents.js';
import type { Store } from '../store/redis.js';
import { getRelease } from '../store/releases.js';

/**
 * Stores a run that a run asked for. Its ID was made by the worker from the parent's, so asking twice stores one run. The job is looked for in the current
 * release of every app.
 */
export function enqueueChild(
  store: Store,
  queues: Queues,
  retention: { completedMs: number; failedMs: number },
) {
  return async (
    _parent: unknown,
    id: string,
    name: string,
    payload: string,
    options: EnqueueOptions,
  ): Promise<string> => {
    for (const app of await listApps(store)) {
      const intent = await readIntent(store, app);
      if (!intent?.release) continue;
      const job = (await getRelease(store, intent.release)).jobs.find(each => each.name === name);
      if (!job) continue;
      const request = { id, payload: JSON.parse(payload) as unknown, ...options, app, retention };
      return (await enqueueRun(store, queues, job, request)).id;
    }
    throw new SlackwaterError(
      'not-found',
      `no current release has a job ${name}: deploy one that has, or mend the name`,
    );
  };
}
