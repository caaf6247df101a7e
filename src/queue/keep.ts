import type { Job } from 'bullmq';
import type { Retention } from '../model/retention.js';
import { FIRE_KEPT_MS } from './enqueue-fires.js';
import { ownOptionsOf } from './own-options.js';

/** How long the ended runs of a job are kept where their producer said nothing, and the longest that any job of its queue keeps them. */
export interface QueueRetention {
  own: Retention;
  longest: Retention;
}

export interface Kept {
  ms: number;
  /** The queue was told a longer time, so we have to remove it. */
  sooner: boolean;
}

/**
 * Says how long the queue keeps a job that ends now. Its age is held against all that ended there: were it told that of a job that keeps an hour, those of another that keeps a month would
 * go with it. So it is told the longest. A producer who asked for a number of jobs, for all or none gets that.
 */
export function keep(job: Job, as: 'completed' | 'failed', { own, longest }: QueueRetention): Kept {
  const option = as === 'completed' ? 'removeOnComplete' : 'removeOnFail';
  const field = as === 'completed' ? 'completedMs' : 'failedMs';
  // Whoever enqueues a fire does not know the job. (Runs of a workflow stay as long as that may need them.)
  const { scheduledFor, part } = ownOptionsOf(job.opts);
  const isFire = scheduledFor !== undefined && part === undefined;
  const asked = isFire ? undefined : job.opts[option];
  const age = typeof asked === 'object' && asked.count === undefined && 'age' in asked ? asked.age : null;
  if (asked !== undefined && age === null) return { ms: own[field], sooner: false };
  const ms = age === null ? Math.max(own[field], isFire ? FIRE_KEPT_MS : 0) : age * 1_000;
  const most = Math.max(longest[field], ms);
  job.opts[option] = { age: Math.ceil(most / 1_000) };
  return { ms, sooner: ms < most };
}
