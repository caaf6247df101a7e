import type { JobManifest } from '../model/release.js';
import type { StepAnswer, StepQuestion, WorkflowManifest } from '../model/workflow.js';

/** The release that runs now, as far as workflows need it. */
export interface RunningRelease {
  jobs: ReadonlyMap<string, JobManifest>;
  /** The same object as long as this release runs. */
  workflows: ReadonlyMap<string, WorkflowManifest>;
  /** Asks its code about a step. @throws where it could not be asked: it is asked again later. */
  evaluate(question: StepQuestion): Promise<StepAnswer>;
  /** Another release that may have to go on with what begins now: a window is about to change them, or hosts run both. */
  beside?: { release: string; has(kind: 'job' | 'workflow', name: string): boolean } | null;
}
