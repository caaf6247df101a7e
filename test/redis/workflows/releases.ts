import type { JobManifest } from '../../../src/model/release.js';
import type { StepManifest, WorkflowManifest } from '../../../src/model/workflow.js';
import { stepsBefore } from '../../../src/workflow/graph-fit.js';
import type { Random } from '../../simulation/random.js';
import { sampleJob } from '../../support/sample-releases.js';

export const QUEUE = 'q';

/** The workflow of a story, and the one that steps of it may run. */
export const OUTER = 'w';
export const INNER = 'inner';

/** A release of the workflows of a story. */
export interface Release {
  id: string;
  /** How it came of the one before. */
  change: string;
  /** Of the workflow of the story, and of the one that steps of it run; none where no step does. */
  steps: StepManifest[];
  inner: StepManifest[];
  jobs: ReadonlyMap<string, JobManifest>;
  workflows: ReadonlyMap<string, WorkflowManifest>;
}

const jobOf = (name: string): [string, JobManifest] => [name, { ...sampleJob, name, queue: QUEUE }];
const JOBS = new Map([jobOf('job'), jobOf('other')]);

export function releaseOf(
  id: string,
  change: string,
  steps: StepManifest[],
  inner: StepManifest[] = [],
): Release {
  const graphs = { [OUTER]: steps, ...(inner.length > 0 && { [INNER]: inner }) };
  const workflows = Object.entries(graphs).map(([name, steps]): [string, WorkflowManifest] => {
    return [name, { name, queue: QUEUE, payloadSchema: {}, steps }];
  });
  return { id, change, steps, inner, jobs: JOBS, workflows: new Map(workflows) };
}

/** Changes that runs which have begun can always go on with, and some that they can only go on with from some point on, or never. */
const CHANGES = { same: 4, add: 4, rewire: 3, job: 2, insert: 1.5, remove: 1.5, each: 1 };

export function nextRelease(
  before: Release,
  id: string,
  random: Random,
  newStep: NewStep,
  inner = before.inner,
): Release {
  const change = random.weighted(CHANGES);
  const steps = before.steps.map(step => ({ ...step }));
  const some = random.pick(steps);
  switch (change) {
    case 'add': {
      const at = random.between(0, steps.length);
      const after = steps.slice(0, at).map(({ name }) => name);
      steps.splice(at, 0, newStep(`n${id}`, after));
      break;
    }
    case 'insert': {
      const at = steps.indexOf(some);
      const after = steps.slice(0, at).map(({ name }) => name);
      steps.splice(at, 0, newStep(`n${id}`, after));
      some.after = [...some.after, `n${id}`];
      break;
    }
    case 'rewire':
      some.after = [...stepsBefore(before, some.name)].filter(() => random.chance(0.5));
      break;
    case 'job':
      if (some.kind === 'job') some.runs = some.runs === 'job' ? 'other' : 'job';
      break;
    case 'remove':
      return releaseOf(id, `${change} ${some.name}`, without(steps, some.name), inner);
    case 'each':
      if (some.kind === 'job' || some.kind === 'workflow') some.each = !some.each;
  }
  return releaseOf(id, `${change} ${some.name}`, steps, inner);
}

export type NewStep = (name: string, mayComeAfter: string[]) => StepManifest;

/** It has to have one. */
function without(steps: StepManifest[], name: string): StepManifest[] {
  if (steps.length === 1) return steps;
  return steps
    .filter(step => step.name !== name)
    .map(step => ({ ...step, after: step.after.filter(each => each !== name) }));
}
