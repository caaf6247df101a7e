import {
  isSettled,
  type StepManifest,
  type StepState,
  type WorkflowGraph,
  type WorkflowManifest,
} from '../model/workflow.js';

/** What of a release says whether runs that have begun can go on with it. */
export interface NextRelease {
  jobs: { has(name: string): boolean };
  workflows: { get(name: string): WorkflowManifest | undefined };
}

/** `runs`: what its runs are, where it has been expanded. */
export interface StepStands {
  state: StepState;
  runs?: { job: string } | null;
}

/** Why a run cannot go on; `step` is `null` where it is the workflow as a whole. */
export interface Misfit {
  step: string | null;
  reason: string;
}

/**
 * Whether a workflow run can go on with another release. What has been done stays as it is; steps that have not been expanded are expanded by the code of that
 * release, and what has been expanded needs its job there.
 * @param steps how those of the kept graph stand; @returns why not, nothing where it can.
 */
export function graphFit(
  kept: WorkflowGraph,
  steps: Readonly<Record<string, StepStands>>,
  next: NextRelease,
): Misfit[] {
  const workflow = next.workflows.get(kept.name);
  if (!workflow) return [{ step: null, reason: notThere(kept) }];
  return kept.steps.flatMap(step => {
    const { state, runs = null } = steps[step.name]!;
    if (isSettled(state)) return [];
    const reason =
      state === 'waiting' || state === 'ready'
        ? unlikeness(step, kept, workflow)
        : whatIsGone(step, runs?.job ?? step.runs, next);
    return reason === null ? [] : [{ step: step.name, reason }];
  });
}

/** Whether a release can begin a step of a kept graph. @returns why not; `null` where it can. */
export function stepFit(
  step: StepManifest,
  kept: WorkflowGraph,
  next: Pick<NextRelease, 'workflows'>,
): string | null {
  const workflow = next.workflows.get(kept.name);
  return workflow ? unlikeness(step, kept, workflow) : notThere(kept);
}

/** Whether the other of two releases can run what a step is now. @returns why not; `null` where it can. */
export function besideFit(
  { kind, runs }: StepManifest,
  other: { release: string; has(kind: 'job' | 'workflow', name: string): boolean },
): string | null {
  if (runs === null || (kind !== 'job' && kind !== 'workflow') || other.has(kind, runs)) return null;
  return `it runs ${kind} ${runs}, which release ${other.release} does not have: it begins when no window is under way between the two`;
}

const notThere = ({ name }: WorkflowGraph) => `workflow ${name} is not in the release`;

/** Of a step whose payloads are stored: the release's code is not asked about it any more, but has to run it. */
function whatIsGone({ kind }: StepManifest, runs: string | null, next: NextRelease): string | null {
  if (runs === null) return null;
  const there = kind === 'job' ? next.jobs.has(runs) : next.workflows.get(runs) !== undefined;
  return there ? null : `it has begun, and ${kind} ${runs} is not in the release`;
}

/** Of a step that the release's code will be asked about. */
function unlikeness(step: StepManifest, kept: WorkflowGraph, workflow: WorkflowManifest): string | null {
  const now = workflow.steps.find(({ name }) => name === step.name);
  if (!now) return 'it is not in the release any more, and runs that have begun still come to it';
  if (now.kind !== step.kind)
    return `it is a ${now.kind} in the release, and was a ${step.kind} when the run began`;
  if (now.each !== step.each)
    return now.each
      ? 'it has an each in the release, and had none when the run began'
      : 'it had an each when the run began, and has none in the release';
  return unreadable(now, step, kept, workflow);
}

/** The results that the release's code will read have to be there by then, and to be what it takes them for. */
function unreadable(
  now: StepManifest,
  step: StepManifest,
  kept: WorkflowGraph,
  workflow: WorkflowManifest,
): string | null {
  for (const name of now.after) {
    const was = kept.steps.find(other => other.name === name);
    if (!was) return `in the release it comes after ${name}, which runs that have begun do not have`;
    if (!step.after.includes(name) && !stepsBefore(kept, step.name).has(name))
      return `in the release it comes after ${name}, which it did not wait for when the run began`;
    const is = workflow.steps.find(other => other.name === name)!;
    if (is.each !== was.each)
      return `it reads the result of ${name}, which ${was.each ? 'had an each when the run began, and has none' : 'had no each when the run began, and has one'} in the release`;
  }
  return null;
}

/** All that a step waits for, directly or not. */
export function stepsBefore({ steps }: Pick<WorkflowGraph, 'steps'>, name: string): Set<string> {
  const byName = new Map(steps.map(step => [step.name, step]));
  const before = new Set<string>();
  const waiting = [...(byName.get(name)?.after ?? [])];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (before.has(at)) continue;
    before.add(at);
    waiting.push(...(byName.get(at)?.after ?? []));
  }
  return before;
}
