/** What authors import: `import { defineJob } from 'slackwater'`. */
export type { Context, EachOptions, EnqueueRunOptions, Page, Pages } from './author/context.js';
export { defineJob } from './author/define-job.js';
export { defineWorkflow } from './author/define-workflow.js';
export type { Job, JobDefinition, JobOptions } from './author/job.js';
export type { Workflow, WorkflowDefinition, WorkflowOptions } from './author/workflow.js';
export type { Duration } from './platform/duration.js';
export { SlackwaterError } from './platform/errors.js';
