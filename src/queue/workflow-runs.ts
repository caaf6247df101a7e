import type { StepRuns } from '../model/kept-workflow.js';
import type { Retention } from '../model/retention.js';
import type { RunAddress } from '../model/run.js';
import type { PartOf } from '../model/workflow.js';
import type { Store } from '../store/redis.js';
import { keptFor, type Options, ownOptionsOf } from './own-options.js';
import { queueAgain } from './queue-again.js';
import type { Queues } from './queues.js';

/** IDs that no other queue has: made by us, and those of the runs of such workflow runs. */
const OURS = /^run-[0-9a-z]{16,}(@|$)/;

/**
 * The job ID of a run of a workflow run, the same whenever it is asked for: `run-…@clean`, of a step with `each` `run-…@score,17`. Where the workflow run's own ID
 * is not of our making another queue may have one of the same ID, so that its queue is part of it. Names have neither sign.
 */
export function partRunId({ queue, jobId }: RunAddress, step: string, index: number | null): string {
  const workflow = OURS.test(jobId) ? jobId : `${jobId}@${queue}`;
  return index === null ? `${workflow}@${step}` : `${workflow}@${step},${index}`;
}

/** A run that a step needs. `payload`: JSON text. */
export interface Part {
  index: number | null;
  payload: string;
}

export interface PartsContext {
  workflow: RunAddress;
  step: string;
  runs: StepRuns;
  /** 0: none. */
  priority: number;
  scheduledFor: string | null;
  retention: Retention;
}

/** Puts runs of a step into their queue; those that are there already stay as they are. */
export async function enqueueParts(queues: Queues, context: PartsContext, parts: Part[]): Promise<void> {
  const optionsOf = optionsOfParts(context);
  const { job, queue } = context.runs;
  await queues
    .get(queue)
    .addBulk(
      parts.map(part => ({ name: job, data: JSON.parse(part.payload) as unknown, opts: optionsOf(part) })),
    );
}

/** Runs of a step for a script that puts them into their queue: ID and options of each, these as the queue library stores them. */
export function jobsOfParts(
  queues: Queues,
  context: PartsContext,
  parts: Part[],
): { id: string; options: string }[] {
  // It makes itself known to the queue library when it is first had.
  queues.get(context.runs.queue);
  const optionsOf = optionsOfParts(context);
  return parts.map(part => {
    const options = optionsOf(part);
    return {
      id: options.jobId!,
      options: JSON.stringify({ attempts: 0, ...options }, (_, it) => it ?? undefined),
    };
  });
}

function optionsOfParts(context: PartsContext): (part: Pick<Part, 'index'>) => Options {
  const { workflow, step, runs, priority, scheduledFor, retention } = context;
  const { attempts, backoff, timeoutMs } = runs;
  const shared: Options = {
    ...(priority > 0 && { priority }),
    ...(attempts !== null && { attempts }),
    ...keptFor(retention),
  };
  const own = {
    ...(scheduledFor !== null && { scheduledFor }),
    ...(timeoutMs !== null && { timeoutMs }),
    ...(backoff !== null && { backoff }),
  };
  return ({ index }) => {
    const part: PartOf = { queue: workflow.queue, jobId: workflow.jobId, step, index };
    return { ...shared, jobId: partRunId(workflow, step, index), slackwater: { ...own, part } };
  };
}

/** Queues a run again that has failed or was cancelled, and is reopened; one that waits is left alone. @returns whether it is there. */
export async function requeuePart(queues: Queues, { queue, jobId }: RunAddress): Promise<boolean> {
  const job = await queues.get(queue).getJob(jobId);
  if (job?.finishedOn) await queueAgain(job);
  return job !== undefined;
}

/** What the steps of a workflow run are told of it. `payload`: JSON text, as the producer sent it. */
export interface Told {
  payload: string;
  scheduledFor: string | null;
}

/** From the texts of its job. */
export function toldBy({ data, opts }: { data: string; opts: string }): Told {
  const { scheduledFor = null } = ownOptionsOf(opts === '' ? null : JSON.parse(opts));
  return { payload: data || 'null', scheduledFor };
}

export async function askedFor({ redis, keys }: Store, { queue, jobId }: RunAddress): Promise<Told> {
  const [data, opts] = await redis.hmget(keys.job(queue, jobId), 'data', 'opts');
  return toldBy({ data: data ?? '', opts: opts ?? '' });
}
