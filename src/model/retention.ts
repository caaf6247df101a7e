import type { JobManifest } from './release.js';

/** How long ended runs are kept, ms. */
export interface Retention {
  completedMs: number;
  /** Failed and cancelled ones. Parked ones stay until a person has decided. */
  failedMs: number;
}

export const retentionOf = (
  job: Pick<JobManifest, 'retention'> | undefined,
  standard: Retention,
): Retention => ({
  ...standard,
  ...job?.retention,
});

/** The longest of all jobs of a queue. */
export function longestRetention(jobs: Iterable<JobManifest>, queue: string, standard: Retention): Retention {
  const longest = { ...standard };
  for (const job of jobs) {
    if (job.queue !== queue) continue;
    const { completedMs, failedMs } = retentionOf(job, standard);
    longest.completedMs = Math.max(longest.completedMs, completedMs);
    longest.failedMs = Math.max(longest.failedMs, failedMs);
  }
  return longest;
}
