import type { JobsOptions } from 'bullmq';

/** What Slackwater keeps in the options of a BullMQ job, under `slackwater`. Each is left out where it does not apply. */
export interface OwnOptions {
  /** Of a hook or probe of a window: the release whose code it runs, whatever the others run on. */
  release?: string;
  /** The instant that a schedule fired for, ISO 8601 in UTC. */
  scheduledFor?: string;
}

export type Options = JobsOptions & { slackwater?: OwnOptions };

/** Options of a BullMQ job, read as ours. Any client may have written them: what is not of the right kind is not there. */
export function ownOptionsOf(options: unknown): OwnOptions {
  const own = (options as { slackwater?: unknown } | null | undefined)?.slackwater;
  if (typeof own !== 'object' || own === null) return {};
  const { release, scheduledFor } = own as Record<string, unknown>;
  const at = typeof scheduledFor === 'string' ? new Date(scheduledFor) : null;
  return {
    ...(typeof release === 'string' && { release }),
    ...(at && !Number.isNaN(at.getTime()) && { scheduledFor: at.toISOString() }),
  };
}
