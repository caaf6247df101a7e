import type { StepManifest, WorkflowManifest } from '../../model/workflow.js';
import { formatDuration } from '../../platform/duration.js';
import { graphLines, type Node } from './graph.js';
import type { Style } from './style.js';
import { facts, table } from './table.js';
import { plural } from './text.js';

/** As the server answers it. */
export interface ShownWorkflow extends WorkflowManifest {
  app: string;
  release: string;
}

export function workflowsTable(workflows: ShownWorkflow[], style: Style): string {
  const columns = [
    { title: 'workflow', value: ({ name }: ShownWorkflow) => name },
    { title: 'app', value: ({ app }: ShownWorkflow) => app },
    { title: 'queue', value: ({ queue }: ShownWorkflow) => queue },
    { title: 'steps', value: ({ steps }: ShownWorkflow) => String(steps.length), right: true },
    { title: 'release', value: ({ release }: ShownWorkflow) => release },
  ];
  return table(workflows, columns, style, 'no workflow: export one made by defineWorkflow, and deploy');
}

export function workflowLines(workflow: ShownWorkflow, style: Style): string[] {
  const { name, app, queue, release, steps } = workflow;
  return [
    `${style.bold(name)}  ${plural(steps.length, 'step')}`,
    '',
    ...facts(
      [
        ['queue', `${queue} (app ${app})`],
        ['release', release],
      ],
      style,
      '  ',
    ),
    '',
    ...drawing(
      steps.map(step => ({ name: step.name, after: step.after, mark: '○', text: stepText(step, style) })),
    ),
  ];
}

/** A graph, or where it is too wide for one its steps with those before them. */
export function drawing(nodes: Node[]): string[] {
  const drawn = graphLines(nodes);
  const lines =
    drawn ??
    nodes.map(
      ({ mark, text, after }) => `${mark}  ${text}${after.length ? `  after ${after.join(', ')}` : ''}`,
    );
  return lines.map(line => `  ${line}`.trimEnd());
}

/** Its name, what it is, and what the author made of it. */
export function stepText(step: StepManifest, style: Style): string {
  return [style.bold(step.name), ...traits(step).map(trait => style.dim(trait))].join('  ');
}

function traits({
  name,
  kind,
  runs,
  each,
  when,
  onFailure,
  timeoutMs,
  waitMs,
  attempts,
}: StepManifest): string[] {
  const what = {
    job: runs === name ? null : `job ${runs}`,
    workflow: `workflow ${runs}`,
    signal: timeoutMs === null ? 'signal' : `signal within ${formatDuration(timeoutMs)}`,
    wait: waitMs === null ? 'wait until' : `wait ${formatDuration(waitMs)}`,
  }[kind];
  return [
    what,
    each ? 'each' : null,
    when ? 'when' : null,
    onFailure === 'continue' ? 'may fail' : null,
    attempts === null ? null : plural(attempts, 'attempt'),
  ].filter(trait => trait !== null);
}
