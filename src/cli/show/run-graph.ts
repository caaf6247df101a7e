import type { RunStep } from '../../model/run.js';
import type { StepState } from '../../model/workflow.js';
import type { Colour, Style } from './style.js';
import { when } from './text.js';
import { drawing, stepText } from './workflow.js';

const MARKS: Record<StepState, [mark: string, colour: Colour]> = {
  waiting: ['○', 'dim'],
  ready: ['○', 'cyan'],
  expanded: ['◐', 'cyan'],
  running: ['◐', 'cyan'],
  done: ['●', 'green'],
  failed: ['✗', 'red'],
  skipped: ['◌', 'dim'],
  stopped: ['◌', 'yellow'],
};

/** The graph of a workflow run, each step with where it stands. */
export function runGraphLines(steps: readonly RunStep[], now: number, style: Style): string[] {
  return drawing(
    steps.map(step => {
      const [mark, colour] = MARKS[step.state];
      return {
        name: step.name,
        after: step.after,
        mark: style[colour](mark),
        text: `${stepText(step, style)}  ${style[colour](stateOf(step, now))}`,
      };
    }),
  );
}

/** `12/300 done, 2 failed`, `running`, `waits, over in 10m00s`. */
function stateOf({ kind, state, each, counts, ids, dueAt, signalled, unfit }: RunStep, now: number): string {
  if (unfit) return `waits for another release: ${unfit}`;
  if (each && counts && state !== 'skipped') {
    const bad = (['failed', 'cancelled'] as const).flatMap(how =>
      counts[how] > 0 ? [`${counts[how]} ${how}`] : [],
    );
    return [`${counts.done}/${counts.total} done`, ...bad, ...(state === 'stopped' ? [state] : [])].join(
      ', ',
    );
  }
  if (state === 'failed' && ids?.[0]) return `failed, run ${ids[0]}`;
  if (state !== 'running' || (kind !== 'wait' && kind !== 'signal'))
    return signalled && state === 'waiting' ? 'waiting, signal came' : state;
  if (dueAt === null) return kind === 'wait' ? 'waits' : 'waits for its signal';
  return kind === 'wait'
    ? `waits, over ${when(dueAt, now)}`
    : `waits for its signal, gives up ${when(dueAt, now)}`;
}
