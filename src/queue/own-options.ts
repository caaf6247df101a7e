import type { JobsOptions } from 'bullmq';
import type { StepRuns } from '../model/kept-workflow.js';
import type { Retention } from '../model/retention.js';
import type { PartOf } from '../model/workflow.js';

/** What Slackwater keeps in the options of a BullMQ job, under `slackwater`. Each is left out where it does not apply. */
export interface OwnOptions {
  /** Of a hook or probe of a window: the release whose code it runs, whatever the others run on. */
  release?: string;
  /** The instant that a schedule fired for, ISO 8601 in UTC. */
  scheduledFor?: string;
  /** The step of a workflow run that this run is of. */
  part?: PartOf;
  /** How long one start may compute, and how it is tried again, where the step says other than the job. */
  timeoutMs?: number;
  backoff?: NonNullable<StepRuns['backoff']>;
  /** What it shares with others, of which only so many run at once; goes before what its job says of the payload. */
  concurrencyKey?: string;
}

export type Options = JobsOptions & { slackwater?: OwnOptions };

/** How long BullMQ is to keep a run that has ended. */
export const keptFor = ({ completedMs, failedMs }: Retention): Options => ({
  removeOnComplete: { age: Math.ceil(completedMs / 1_000) },
  removeOnFail: { age: Math.ceil(failedMs / 1_000) },
});

/** Options of a BullMQ job, read as ours. Any client may have written them: what is not of the right kind is not there. */
export function ownOptionsOf(options: unknown): OwnOptions {
  const own = (options as { slackwater?: unknown } | null | undefined)?.slackwater;
  if (typeof own !== 'object' || own === null) return {};
  const { release, scheduledFor, part, timeoutMs, backoff, concurrencyKey } = own as Record<string, unknown>;
  const found = partOf(part);
  const at = typeof scheduledFor === 'string' ? new Date(scheduledFor) : null;
  return {
    ...(typeof release === 'string' && { release }),
    ...(found && { part: found }),
    ...(typeof timeoutMs === 'number' && timeoutMs > 0 && { timeoutMs }),
    ...(isBackoff(backoff) && { backoff }),
    ...(typeof concurrencyKey === 'string' && concurrencyKey !== '' && { concurrencyKey }),
    ...(at && !Number.isNaN(at.getTime()) && { scheduledFor: at.toISOString() }),
  };
}

/** The queue library leaves out what is `null`. */
function partOf(given: unknown): PartOf | null {
  const { queue, jobId, step, index = null } = (given ?? {}) as Record<string, unknown>;
  const isPlace = index === null || (Number.isSafeInteger(index) && (index as number) >= 0);
  const isNamed = [queue, jobId, step].every(text => typeof text === 'string' && text !== '');
  return isNamed && isPlace ? ({ queue, jobId, step, index } as PartOf) : null;
}

function isBackoff(given: unknown): given is NonNullable<StepRuns['backoff']> {
  const { type, delayMs } = (given ?? {}) as Record<string, unknown>;
  return (
    (type === 'fixed' || type === 'exponential') && Number.isSafeInteger(delayMs) && (delayMs as number) >= 0
  );
}
