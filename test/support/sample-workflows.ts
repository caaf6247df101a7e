import type { StepManifest } from '../../src/model/workflow.js';

/** A step that runs a job of its own name, with nothing else said. */
export const sampleStep = (name: string, more: Partial<StepManifest> = {}): StepManifest => ({
  name,
  kind: 'job',
  runs: name,
  after: [],
  each: false,
  when: false,
  payload: false,
  onFailure: 'stop',
  attempts: null,
  backoff: null,
  timeoutMs: null,
  waitMs: null,
  signalSchema: null,
  ...more,
});
