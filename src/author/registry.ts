import { SlackwaterError } from '../platform/errors.js';
import { isJob, type JobDefinition } from './job.js';
import { isWorkflow, type WorkflowDefinition } from './workflow.js';

/** What the modules of a release define, by name. No name stands in both. */
export interface Definitions {
  jobs: Map<string, JobDefinition>;
  workflows: Map<string, WorkflowDefinition>;
}

type Definition = JobDefinition | WorkflowDefinition;
interface Found {
  definition: Definition;
  /** Where it was found, for a person. */
  at: string;
}

/**
 * All jobs and workflows that the modules of a release export, by default or by name, and those that their workflows run, exported or not.
 * @param modules path within the jobs folder → module namespace.
 * @throws SlackwaterError `bad-definition`: two of one name, a workflow without steps, or nothing at all.
 */
export function collectDefinitions(modules: Record<string, Record<string, unknown>>): Definitions {
  const found = new Map<string, Found>();
  for (const path of Object.keys(modules).sort())
    for (const value of Object.values(modules[path]!))
      if (isJob(value) || isWorkflow(value)) add(found, value, `in ${path}`);
  if (found.size === 0) throw nothing(Object.keys(modules));
  const definitions: Definitions = { jobs: new Map(), workflows: new Map() };
  for (const [name, { definition }] of found) {
    if (isWorkflow(definition)) definitions.workflows.set(name, definition);
    else definitions.jobs.set(name, definition);
  }
  return definitions;
}

function add(found: Map<string, Found>, definition: Definition, at: string): void {
  const other = found.get(definition.name);
  if (other?.definition === definition) return;
  if (other) throw sameName({ definition, at }, other);
  found.set(definition.name, { definition, at });
  if (!isWorkflow(definition)) return;
  if (definition.steps.length === 0)
    throw new SlackwaterError(
      'bad-definition',
      `workflow "${definition.name}" (${at}) has no step: add .step("name", job)`,
    );
  for (const { name, runs } of definition.steps)
    if (runs) add(found, runs, `in step "${name}" of workflow "${definition.name}"`);
}

function sameName({ definition, at }: Found, other: Found): SlackwaterError {
  const what = [definition, other.definition].map(each => (isWorkflow(each) ? 'workflow' : 'job'));
  const where = at === other.at ? `twice ${at}` : `${other.at} and ${at}`;
  const kinds = what[0] === what[1] ? what[0]! : 'job or workflow';
  return new SlackwaterError(
    'bad-definition',
    `${kinds} "${definition.name}" is defined ${where}: give one of them another name`,
  );
}

function nothing(paths: string[]): SlackwaterError {
  const where = paths.length === 0 ? 'there is no module' : `none is exported by ${paths.sort().join(', ')}`;
  return new SlackwaterError(
    'bad-definition',
    `no job found (${where}): write "export default defineJob({ … })"`,
  );
}
