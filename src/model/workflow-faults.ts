import type { FieldError } from '../platform/errors.js';
import type { WorkflowManifest } from './workflow.js';

/** What a shape alone cannot say of the workflows in a manifest: steps stand after those that they wait for, run what is there, and never run themselves. */
export function workflowFaults(manifest: {
  jobs: readonly { name: string }[];
  workflows: readonly WorkflowManifest[];
}): FieldError[] {
  const jobs = new Set(manifest.jobs.map(job => job.name));
  const workflows = new Map(manifest.workflows.map(workflow => [workflow.name, workflow]));
  return manifest.workflows.flatMap((workflow, i) => {
    const at = `/workflows/${i}`;
    const errors: FieldError[] = [];
    if (jobs.has(workflow.name))
      errors.push({ pointer: `${at}/name`, detail: `"${workflow.name}" is the name of a job too` });
    if (runsItself(workflow, workflows))
      errors.push({ pointer: `${at}/steps`, detail: 'run the workflow itself, and would never end' });
    for (const [n, step] of workflow.steps.entries()) {
      const fault = (field: string, detail: string) =>
        errors.push({ pointer: `${at}/steps/${n}/${field}`, detail });
      const before = workflow.steps.slice(0, n).map(other => other.name);
      if (before.includes(step.name)) fault('name', `"${step.name}" stands there twice`);
      for (const name of step.after)
        if (!before.includes(name)) fault('after', `"${name}" is no step before it`);
      const there = step.kind === 'job' ? jobs : step.kind === 'workflow' ? workflows : null;
      if (there && !(step.runs !== null && there.has(step.runs)))
        fault('runs', `must be the name of a ${step.kind} of this release, not "${step.runs}"`);
      if (!there && step.runs !== null) fault('runs', `must be null: a ${step.kind} runs nothing`);
      if ((step.kind === 'signal') !== (step.signalSchema !== null))
        fault('signalSchema', 'is there for a signal, and only for one');
    }
    return errors;
  });
}

function runsItself(workflow: WorkflowManifest, all: ReadonlyMap<string, WorkflowManifest>): boolean {
  const seen = new Set<string>();
  const waiting = [workflow];
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    for (const { kind, runs } of at.steps) {
      const next = kind === 'workflow' && runs !== null ? all.get(runs) : undefined;
      if (next?.name === workflow.name) return true;
      if (!next || seen.has(next.name)) continue;
      seen.add(next.name);
      waiting.push(next);
    }
  }
  return false;
}
