/**
 * The public ID of a run. It is the BullMQ job ID, except where that would not name it: a number is counted out by the queue library (plain
 * producers: 1, 2, 3 in each queue anew), and one with a `~` would be read as a queue and a number. Then the queue is part of it:
 * `reports~17`, `reports~a~b`. No queue has a `~` in its name.
 */
export const runIdOf = (queue: string, jobId: string): string =>
  /^\d+$/.test(jobId) || jobId.includes('~') ? `${queue}~${jobId}` : jobId;

/** @returns the queue that an ID names (`null`: any) and the BullMQ job ID, which is all behind the first `~`. */
export function parseRunId(runId: string): { queue: string | null; jobId: string } {
  const at = runId.indexOf('~');
  return at > 0 ? { queue: runId.slice(0, at), jobId: runId.slice(at + 1) } : { queue: null, jobId: runId };
}
