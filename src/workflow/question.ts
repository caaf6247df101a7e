import type { RunAddress } from '../model/run.js';
import type { StepManifest, StepQuestion } from '../model/workflow.js';
import { runIdOf } from '../queue/run-id.js';
import { toldBy } from '../queue/workflow-runs.js';
import type { LookedAt } from '../store/workflows/look.js';

/** It only waits, and always does: there is nothing to ask. */
export const isPlain = ({ kind, when, waitMs }: StepManifest): boolean =>
  !when && (kind === 'signal' || (kind === 'wait' && waitMs !== null));

/** What the code is asked about a step. Whoever asks the same twice says it in the same words. */
export function questionOf(
  { queue, jobId }: RunAddress,
  workflow: string,
  step: string,
  asked: LookedAt['asked'],
  results: StepQuestion['results'],
): StepQuestion {
  const { payload, scheduledFor } = toldBy(asked);
  return { workflow, step, runId: runIdOf(queue, jobId), scheduledFor, payload, results };
}
