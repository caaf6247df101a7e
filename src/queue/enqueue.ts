import { createHash } from 'node:crypto';
import type { JobManifest } from '../model/release.js';
import { type Retention, retentionOf } from '../model/retention.js';
import { newId } from '../platform/ids.js';
import type { Store } from '../store/redis.js';
import { knownRuns } from './how-ended.js';
import { keptFor, type Options } from './own-options.js';
import type { Queues } from './queues.js';
import { queueApps } from './runs.js';
import { isTaskQueue } from './task-runs.js';

export interface RunRequest {
  /** Default: a new one. A run that has this ID already stays as it is. */
  id?: string | undefined;
  /** A JSON value. */
  payload: unknown;
  /** 1 (first) to 2,097,152; left out, it is served before all that have one. */
  priority?: number | undefined;
  delayMs?: number | undefined;
  /** The same key of the same job gives the same run, for as long as that run is kept. */
  dedupeKey?: string | undefined;
  /** The instant that a schedule fired for, ISO 8601 in UTC. */
  scheduledFor?: string | undefined;
  /** Goes before what its job says of the payload. */
  concurrencyKey?: string | undefined;
}

export interface EnqueueContext {
  app: string;
  /** Where the job says nothing. */
  retention: Retention;
}

export interface Enqueued {
  id: string;
  /** That of its job; or where the run was already, if its job had another one then. */
  queue: string;
  /** `false` where a run of that ID was there already. */
  created: boolean;
}

/** Stores one run. Intake may be held: producers never are. */
export async function enqueueRun(
  store: Store,
  queues: Queues,
  job: Pick<JobManifest, 'name' | 'queue' | 'retention'>,
  request: RunRequest & EnqueueContext,
): Promise<Enqueued> {
  const [enqueued] = await enqueueRuns(store, queues, job, [request], request);
  return enqueued!;
}

/**
 * Stores many runs of one job in one transaction: all or none. Redis serves nobody else meanwhile, about half a second for 10,000. Answers
 * in the order of the requests.
 */
export async function enqueueRuns(
  store: Store,
  queues: Queues,
  job: Pick<JobManifest, 'name' | 'queue' | 'retention'>,
  requests: RunRequest[],
  { app, retention }: EnqueueContext,
): Promise<Enqueued[]> {
  const ids = requests.map(({ id, dedupeKey }) => id ?? idOf(app, job.name, dedupeKey));
  // Only an ID that was not made here can be there already.
  const known = await whereKnown(
    store,
    job.queue,
    ids.filter((_, i) => requests[i]!.id !== undefined || requests[i]!.dedupeKey !== undefined),
  );
  const kept = retentionOf(job, retention);
  await queues.get(job.queue).addBulk(
    requests.flatMap((request, i) => {
      const id = ids[i]!;
      // One of its own queue stays as it is, too, and that is the queue's own doing: it may be gone by now.
      if ((known.get(id) ?? job.queue) !== job.queue) return [];
      return [{ name: job.name, data: request.payload, opts: optionsOf(id, request, kept) }];
    }),
  );
  // Of 10,000 each is looked up.
  const first = new Map([...ids.entries()].reverse().map(([i, id]) => [id, i]));
  return ids.map((id, i) => ({
    id,
    queue: known.get(id) ?? job.queue,
    created: !known.has(id) && first.get(id) === i,
  }));
}

/** An ID that follows from a key, so that the same key finds the same run. */
export function idFromKey(...parts: string[]): string {
  return `run-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)}`;
}

const idOf = (app: string, job: string, dedupeKey: string | undefined) =>
  dedupeKey === undefined ? newId('run') : idFromKey(app, job, dedupeKey);

/** Attempts and backoff are not among them: the host counts failures itself, since those before a checkpoint advanced do not count. */
export function optionsOf(id: string, request: RunRequest, retention: Retention): Options {
  return {
    jobId: id,
    ...(request.priority ? { priority: request.priority } : {}),
    ...(request.delayMs ? { delay: request.delayMs } : {}),
    ...ownOptions(request),
    ...keptFor(retention),
  };
}

function ownOptions({ scheduledFor, concurrencyKey }: RunRequest): Options {
  const slackwater = { ...(scheduledFor && { scheduledFor }), ...(concurrencyKey && { concurrencyKey }) };
  return Object.keys(slackwater).length > 0 ? { slackwater } : {};
}

/** In which queue each of these is already: a job may have had another one when its run was asked for. */
async function whereKnown(store: Store, own: string, ids: string[]): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  if (ids.length === 0) return known;
  const others = [...(await queueApps(store)).keys()].filter(queue => queue !== own && !isTaskQueue(queue));
  for (const queue of [own, ...others]) {
    const open = ids.filter(id => !known.has(id));
    for (const id of await knownRuns(store, queue, open)) known.set(id, queue);
  }
  return known;
}
