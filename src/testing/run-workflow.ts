import type { AnySchema, InputOf } from '../author/schema.js';
import { isWorkflow, type Workflow, type WorkflowResult } from '../author/workflow.js';
import { SlackwaterError } from '../platform/errors.js';
import { WorkflowLife } from './workflow-life.js';
import type { RunWorkflowOptions, RunWorkflowResult } from './workflow-options.js';

/**
 * Runs a workflow to its end, without Redis: the runs of each step as by `runJob`, what the author's functions answer as in a worker, waits in no time.
 * @throws an error that names the step where the workflow fails: `cause` is what its run threw, `workflow.steps` the account so far.
 */
export async function runWorkflow<P extends AnySchema, S, Waited extends string>(
  workflow: Workflow<P, S, Waited>,
  payload: InputOf<P>,
  options: RunWorkflowOptions = {},
): Promise<RunWorkflowResult<WorkflowResult<S, Waited>>> {
  if (!isWorkflow(workflow))
    throw new SlackwaterError('bad-request', 'runWorkflow takes a workflow made by defineWorkflow');
  const life = new WorkflowLife(workflow, payload, options);
  return (await life.live()) as RunWorkflowResult<WorkflowResult<S, Waited>>;
}
