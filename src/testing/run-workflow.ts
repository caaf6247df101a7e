import type { AnySchema, InputOf } from '../author/schema.js';
import {
  isWorkflow,
  type Workflow,
  type WorkflowDefinition,
  type WorkflowResult,
} from '../author/workflow.js';
import { SlackwaterError } from '../platform/errors.js';
import { WorkflowLife } from './workflow-life.js';
import type { RunWorkflowOptions, RunWorkflowResult } from './workflow-options.js';

/**
 * Runs a workflow to its end, without Redis: the runs of each step as by `runJob`, what the author's functions answer as in a worker, waits in no time.
 * @throws an error that names the step where the workflow fails: `cause` is what its run threw, `workflow.steps` the account so far;
 *   SlackwaterError `bad-request`: the options name a step or a signal that is not there.
 */
export async function runWorkflow<P extends AnySchema, S, Waited extends string>(
  workflow: Workflow<P, S, Waited>,
  payload: InputOf<P>,
  options: RunWorkflowOptions = {},
): Promise<RunWorkflowResult<WorkflowResult<S, Waited>>> {
  if (!isWorkflow(workflow))
    throw new SlackwaterError('bad-request', 'runWorkflow takes a workflow made by defineWorkflow');
  refuseUnknown(
    'instead',
    options.instead,
    namesOf(workflow, kind => kind === 'job' || kind === 'workflow'),
  );
  refuseUnknown(
    'signals',
    options.signals,
    namesOf(workflow, kind => kind === 'signal'),
  );
  const life = new WorkflowLife(workflow, payload, options);
  return (await life.live()) as RunWorkflowResult<WorkflowResult<S, Waited>>;
}

/** Of its steps, and of those of the workflows that it runs. */
function namesOf({ steps }: WorkflowDefinition, isMeant: (kind: string) => boolean, prefix = ''): string[] {
  return steps.flatMap(({ name, kind, runs }) => [
    ...(isMeant(kind) ? [prefix + name] : []),
    ...(isWorkflow(runs) ? namesOf(runs as WorkflowDefinition, isMeant, `${prefix}${name}/`) : []),
  ]);
}

/** What stands in for nothing would let the real job run. */
function refuseUnknown(option: string, given: object | undefined, names: string[]): void {
  const unknown = Object.keys(given ?? {}).find(name => !names.includes(name));
  if (unknown === undefined) return;
  const there =
    names.length > 0 ? `there are ${names.map(name => JSON.stringify(name)).join(', ')}` : 'there are none';
  const what = option === 'signals' ? 'signal' : 'step';
  throw new SlackwaterError(
    'bad-request',
    `${option}: no ${what} is called ${JSON.stringify(unknown)}: ${there}`,
  );
}
