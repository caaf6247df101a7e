import type { StepKind, StepManifest, WorkflowGraph } from '../../../src/model/workflow.js';
import { Random } from '../../simulation/random.js';

/** What the code says of a step, and what its runs come to. */
export interface StepStory {
  verdict: 'run' | 'skip' | 'failed';
  count: number;
  /** Places of the runs that fail, until somebody mends the code. */
  fails: Set<number>;
}

/** A workflow run and all that is known of it before it begins. */
export interface Story {
  seed: number;
  graph: WorkflowGraph;
  steps: Record<string, StepStory>;
  /** Of the workflow and so of its runs; 0: none. Those that have one are not enqueued in one act with what is kept of them. */
  priority: number;
  /** Signals that somebody sends, and how many acts pass before. */
  signals: { name: string; after: number }[];
  /** A person cancels it after so many acts. */
  cancelAfter: number | null;
}

const LATER = 60_000;

export function storyOf(seed: number): Story {
  const random = new Random(seed);
  const size = random.between(1, 7);
  const steps: StepManifest[] = [];
  const stories: Record<string, StepStory> = {};
  const isCalm = random.chance(0.4);
  for (let i = 0; i < size; i++) {
    const after = steps.map(({ name }) => name).filter(() => random.chance(0.4));
    const kind: StepKind = random.weighted({ job: 8, wait: 1, signal: 1 });
    const each = kind === 'job' && random.chance(0.4);
    const step = stepOf(`s${i}`, kind, {
      after,
      each,
      when: !isCalm && random.chance(0.15),
      onFailure: random.chance(0.4) ? 'continue' : 'stop',
      ...(kind === 'wait' && { waitMs: random.pick([0, LATER]) }),
      ...(kind === 'signal' && { timeoutMs: random.pick([null, LATER]) }),
    });
    const count = each ? random.pick([0, 1, 2, 3, 5]) : 1;
    const hasFault = !isCalm && kind === 'job' && random.chance(0.25);
    const places = Array.from({ length: count }, (_, place) => place);
    const fails = new Set(hasFault ? places.filter(() => random.chance(0.5)) : []);
    const verdict = step.when ? 'skip' : !isCalm && kind === 'job' && random.chance(0.05) ? 'failed' : 'run';
    steps.push(step);
    stories[step.name] = { verdict, count, fails };
  }
  const signals = steps
    .filter(({ kind, timeoutMs }) => kind === 'signal' && (timeoutMs === null || random.chance(0.7)))
    .map(({ name }) => ({ name, after: random.between(0, 60) }));
  const cancelAfter = !isCalm && random.chance(0.15) ? random.between(1, 150) : null;
  const priority = random.chance(0.3) ? 2 : 0;
  return { seed, graph: { name: 'w', steps }, steps: stories, priority, signals, cancelAfter };
}

export function stepOf(name: string, kind: StepKind, more: Partial<StepManifest> = {}): StepManifest {
  const step = {
    name,
    kind,
    runs: kind === 'job' ? 'job' : kind === 'workflow' ? 'inner' : null,
    after: [],
    each: false,
    when: false,
    payload: false,
    onFailure: 'stop' as const,
    attempts: null,
    backoff: null,
    timeoutMs: null,
    waitMs: null,
    signalSchema: kind === 'signal' ? {} : null,
    ...more,
  };
  return step;
}
