import type { KeptStep, KeptWorkflow } from '../model/kept-workflow.js';
import type { StepManifest } from '../model/workflow.js';

/** How a workflow run that a person has retried will stand when a host claims it: as `reopen-workflow.lua` lets what failed or was stopped begin again. */
export function asReopened(kept: KeptWorkflow): KeptWorkflow {
  const steps = kept.graph.steps.map(step => [step.name, stepAsReopened(step, kept.steps[step.name]!)]);
  return { ...kept, stop: null, retry: false, steps: Object.fromEntries(steps) };
}

function stepAsReopened({ onFailure }: StepManifest, step: KeptStep): KeptStep {
  const { state, cancelled, count } = step;
  const stands = onFailure === 'continue' && cancelled === 0;
  if (state !== 'stopped' && (state !== 'failed' || stands)) return step;
  return count === null || count === 0
    ? { ...step, state: 'waiting' }
    : { ...step, state: 'expanded', enqueued: 0, again: true };
}

/** Whether a run of a step that is queued again goes on: what is done stays, and so does what failed and may. @param mark how it was settled, if it was. */
export const goesOn = (mark: string | null, onFailure: StepManifest['onFailure']): boolean =>
  !mark?.startsWith('=') && !(mark?.startsWith('!') && onFailure === 'continue');
