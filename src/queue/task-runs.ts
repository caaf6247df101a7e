import type { Job } from 'bullmq';

const PREFIX = 'slackwater.tasks.';

/** The queue of an app's hooks and probes that are runs. No hold is ever placed on it. */
export const taskQueueOf = (app: string): string => PREFIX + app;

/** What a run that is part of a window says in the options of its BullMQ job. */
export interface TaskRunOptions {
  /** The release whose code it runs, whatever the others run on. */
  release: string;
}

/** The release that a run of a window has to run on; `null` for every other run. */
export function taskReleaseOf(job: Job): string | null {
  if (!job.queueName.startsWith(PREFIX)) return null;
  return (job.opts as { slackwater?: TaskRunOptions }).slackwater?.release ?? null;
}
