import type { JobManifest } from './release.js';

/** Whether a state is of a later version than this job's code reads. */
export const isAbove = (
  version: number | null,
  job: Pick<JobManifest, 'checkpointVersion' | 'reads'>,
): version is number =>
  version !== null && version > (job.checkpointVersion ?? 0) && !job.reads.includes(version);

/** The highest version that the one code can bring its states down to and the other can read; `null` where there is none. */
export function meetingVersion(writes: readonly number[], reads: readonly number[]): number | null {
  const common = writes.filter(version => reads.includes(version));
  return common.length === 0 ? null : Math.max(...common);
}
