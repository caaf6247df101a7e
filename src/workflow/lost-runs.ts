import type { PartOf } from '../model/workflow.js';
import { knownRuns } from '../queue/how-ended.js';
import { runIdOf } from '../queue/run-id.js';
import { partRunId } from '../queue/workflow-runs.js';
import type { Store } from '../store/redis.js';
import { settleStep } from '../store/workflows/settle.js';

/**
 * Runs of steps whose payloads are gone fail where they are gone too: nobody can enqueue them any more, and no workflow must wait for them for ever.
 * @param queue theirs.
 */
export async function failLost(store: Store, app: string, queue: string, parts: PartOf[]): Promise<void> {
  const jobIds = parts.map(part => partRunId(part, part.step, part.index));
  const there = await knownRuns(store, queue, jobIds);
  const message = 'it was removed, and its payload is no longer kept: ask for another run of the workflow';
  const error = { name: 'WorkflowError', message, stack: message };
  for (const [i, part] of parts.entries()) {
    const run = { queue, jobId: jobIds[i]! };
    if (there.has(run.jobId)) continue;
    await settleStep(store, app, run, part, { kind: 'failed', run: runIdOf(queue, run.jobId), error });
  }
}
