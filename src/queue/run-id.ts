/**
 * The public ID of a run. It is the BullMQ job ID, except where the queue library counted it out (plain producers: 1, 2, 3 in each queue
 * anew): then the queue is part of it, `reports~17`.
 */
export const runIdOf = (queue: string, jobId: string): string =>
  /^\d+$/.test(jobId) ? `${queue}~${jobId}` : jobId;

/** @returns the queue that an ID names (`null`: any) and the BullMQ job ID. */
export function parseRunId(runId: string): { queue: string | null; jobId: string } {
  const at = runId.indexOf('~');
  return at > 0 ? { queue: runId.slice(0, at), jobId: runId.slice(at + 1) } : { queue: null, jobId: runId };
}
