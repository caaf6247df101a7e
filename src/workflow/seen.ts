import {
  actsOf,
  isOver,
  type KeptStep,
  type KeptWorkflow,
  nextDue,
  type StepAct,
} from '../model/kept-workflow.js';
import type { LookedAt } from '../store/workflows/look.js';
import type { Released } from '../store/workflows/settle.js';

/** A workflow run as a host sees it: by a look, or by what the end of a step has let begin. */
export interface Seen
  extends Pick<KeptWorkflow, 'graph' | 'priority' | 'now' | 'revision'>,
    Pick<LookedAt, 'asked'> {
  /** What there is to do now. */
  acts: StepAct[];
  /** When time alone changes something; `null`: it does not. */
  dueAt: number | null;
  /** Every step has come to its end, and nobody wants it to go on. */
  over: boolean;
  /** How each step stands; `null`: only a look says so. */
  steps: Readonly<Record<string, KeptStep>> | null;
  /** Results of steps without `each` that are known already: JSON, `null` where there is none. */
  results: ReadonlyMap<string, string | null>;
}

export function seenByLook(kept: LookedAt): Seen {
  const { graph, priority, now, revision, asked, steps } = kept;
  return {
    graph,
    priority,
    now,
    revision,
    asked,
    steps,
    acts: actsOf(kept),
    dueAt: nextDue(kept),
    over: !kept.retry && isOver(kept),
    results: new Map(),
  };
}

export function seenByEnd({ ready, ...released }: Released): Seen {
  const acts = released.graph.steps
    .filter(({ name }) => ready.includes(name))
    .map<StepAct>(step => ({ step, act: 'expand' }));
  return { ...released, acts, dueAt: null, steps: null };
}
