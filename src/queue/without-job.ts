import { SlackwaterError } from '../platform/errors.js';
import type { Store } from '../store/redis.js';
import type { Queues } from './queues.js';
import { goOn } from './run-actions.js';

/** Looked at in one go, and queued at once. */
const AT_ONCE = 100;
const TOGETHER = 10;

/**
 * Runs of a queue that are parked because a release lacked their job go on where the release that runs has it.
 * @param cursor where the last look ended, at first '0'. @returns where this one did, and how many go on of each job.
 */
export async function goOnWithJob(
  store: Store,
  queues: Queues,
  queue: string,
  has: (job: string) => boolean,
  cursor: string,
): Promise<{ cursor: string; jobs: Map<string, number> }> {
  const { redis, keys } = store;
  const [next, flat] = await redis.hscan(keys.withoutJob(queue), cursor, 'COUNT', AT_ONCE);
  const found = flat.flatMap((jobId, i) => (i % 2 === 0 ? [{ jobId, job: flat[i + 1]! }] : []));
  const there = found.filter(({ job }) => has(job));
  const jobs = new Map<string, number>();
  const queueOne = async ({ jobId, job }: { jobId: string; job: string }) => {
    if (await tryGoOn(store, queues, { queue, jobId })) jobs.set(job, (jobs.get(job) ?? 0) + 1);
    // Who was retried, cancelled or removed meanwhile is not waited for either.
    else if (!(await isBeingParked(store, queue, jobId))) await redis.hdel(keys.withoutJob(queue), jobId);
  };
  for (let from = 0; from < there.length; from += TOGETHER)
    await Promise.all(there.slice(from, from + TOGETHER).map(queueOne));
  return { cursor: next, jobs };
}

/** That it is parked is recorded here, and not yet by the queue: then it goes on with the next look. */
async function isBeingParked({ redis, keys }: Store, queue: string, jobId: string): Promise<boolean> {
  const [outcome, [createdAt, finishedOn]] = await Promise.all([
    redis.hget(keys.run(queue, jobId), 'outcome'),
    redis.hmget(keys.job(queue, jobId), 'timestamp', 'finishedOn'),
  ]);
  return outcome === 'parked' && createdAt != null && finishedOn == null;
}

async function tryGoOn(
  store: Store,
  queues: Queues,
  address: { queue: string; jobId: string },
): Promise<boolean> {
  try {
    return await goOn(store, queues, address);
  } catch (error) {
    // It is gone, or another host was faster.
    if (error instanceof SlackwaterError) return false;
    throw error;
  }
}
