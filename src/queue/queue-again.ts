import type { Job } from 'bullmq';

/** Queues a run again that has ended, and is reopened. Where somebody else was faster it is there: another host, another person, or this very request, the answer to which was lost. */
export async function queueAgain(job: Job): Promise<void> {
  try {
    await job.retry('failed');
  } catch (error) {
    // The queue's own answer is a number.
    if (typeof (error as { code?: unknown }).code !== 'number') throw error;
  }
}
