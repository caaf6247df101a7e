import type { JobManifest } from '../model/release.js';
import type { WorkflowManifest } from '../model/workflow.js';

/** A release on this machine, verified. */
export interface LocalRelease {
  release: string;
  entry: string;
  jobs: JobManifest[];
  workflows: WorkflowManifest[];
}
