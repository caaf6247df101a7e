import type { Job } from 'bullmq';
import type { JobManifest } from '../model/release.js';
import type { Retention } from '../model/retention.js';
import type { Store } from '../store/redis.js';
import { keptFor, type Options, ownOptionsOf } from './own-options.js';
import type { Queues } from './queues.js';

const PREFIX = 'slackwater.tasks.';

/** The queue of an app's hooks and probes that are runs. No hold is ever placed on it. */
export const taskQueueOf = (app: string): string => PREFIX + app;
export const isTaskQueue = (queue: string): boolean => queue.startsWith(PREFIX);

/** Of the ID of a run that is part of a window (`taskRunId`): which window. */
export const windowOfTask = (jobId: string): string => jobId.replace(/-(hook|probe)-.*$/, '');

/** The release that a run of a window has to run on; `null` for every other run. */
export function taskReleaseOf(job: Job): string | null {
  if (!isTaskQueue(job.queueName)) return null;
  return ownOptionsOf(job.opts).release ?? null;
}

/**
 * Asks for the run of a try of a hook or probe, once: where this ID is there already nothing changes. It gets one attempt, as its tries are the engine's
 * to count. Its queue is known as the app's from then on, so that the run can be shown and cancelled like any other; only the engine does it again.
 */
export async function enqueueTaskRun(
  store: Store,
  queues: Queues,
  job: JobManifest,
  request: { id: string; payload: unknown; release: string; app: string; retention: Retention },
): Promise<void> {
  const { id, payload, release, app, retention } = request;
  const queue = taskQueueOf(app);
  await store.redis.hsetnx(store.keys.queues, queue, app);
  const options: Options = {
    jobId: id,
    attempts: 1,
    ...keptFor(retention),
    slackwater: { release },
  };
  await queues.get(queue).add(job.name, payload, options);
}
