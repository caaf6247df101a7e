/** `import { runJob, interruptEverywhere } from 'slackwater/testing'`: jobs without Redis, stopped wherever you like. */
export type { Enqueued } from './testing/memory-store.js';
export type { InterruptReport, RunJobOptions, RunJobResult, TestRun } from './testing/options.js';
export { interruptEverywhere, runJob } from './testing/run-job.js';
export { runWorkflow } from './testing/run-workflow.js';
export type {
  RunWorkflowOptions,
  RunWorkflowResult,
  TestStep,
  TestStepRun,
} from './testing/workflow-options.js';
