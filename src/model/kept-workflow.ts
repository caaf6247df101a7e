import type { RunError } from './run.js';
import { isSettled, type StepManifest, type StepState, type WorkflowGraph } from './workflow.js';

/** What the runs of a step are, as the release said that expanded it. */
export interface StepRuns {
  job: string;
  queue: string;
  attempts: number | null;
  backoff: { type: 'fixed' | 'exponential'; delayMs: number } | null;
  timeoutMs: number | null;
}

/** How a step of a workflow run stands. Times in ms by the clock of Redis. */
export interface KeptStep {
  state: StepState;
  /** Runs in all; `null` before it is expanded, and where it has none. */
  count: number | null;
  /** Of these: not settled, failed for good, cancelled because the workflow stops. */
  left: number;
  failed: number;
  cancelled: number;
  /** So many are in their queue. */
  enqueued: number;
  /** They are being queued once more: some have ended before. */
  again: boolean;
  /** So many were looked at since the workflow stops. */
  ended: number;
  runs: StepRuns | null;
  /** When a signal is late, or a wait over. */
  dueAt: number | null;
  readyAt: number | null;
  settledAt: number | null;
  /** A signal has come for it, before or while it waited. */
  signalled: boolean;
}

/** Why a workflow run fails. `run`: the public ID of the run that failed; missing where it was none. */
export interface StepFailure {
  step: string;
  run?: string;
  error: RunError;
}

/** All that is kept of a workflow run but its results. */
export interface KeptWorkflow {
  app: string;
  graph: WorkflowGraph;
  /** Rises with each change. */
  revision: number;
  /** Nothing begins any more. */
  stop: 'failed' | 'cancelled' | null;
  why: StepFailure | null;
  /** A person wants it to go on from what failed. */
  retry: boolean;
  /** Of its runs, as of itself; 0: none. */
  priority: number;
  steps: Record<string, KeptStep>;
  /** When this was read, ms by the clock of Redis. */
  now: number;
}

/** What a host has to do for a workflow run. `expand`: ask the code; `enqueue`: from the first that is not; `end`: the step's runs that may still be cancelled. */
export type StepAct = { step: StepManifest; act: 'expand' | 'enqueue' | 'end' };

/** What there is to do for it now; nothing where all of it waits for runs, time or somebody. */
export function actsOf({ graph, steps, stop, retry }: KeptWorkflow): StepAct[] {
  if (retry) return [];
  return graph.steps.flatMap<StepAct>(step => {
    const { state, ended, count } = steps[step.name]!;
    const hasRuns = (state === 'expanded' || state === 'running') && count !== null;
    if (stop) return hasRuns && ended < count ? [{ step, act: 'end' }] : [];
    if (state === 'ready') return [{ step, act: 'expand' }];
    return state === 'expanded' ? [{ step, act: 'enqueue' }] : [];
  });
}

/** Every step has come to its end. */
export const isOver = ({ graph, steps }: KeptWorkflow): boolean =>
  graph.steps.every(({ name }) => isSettled(steps[name]!.state));

/** When time alone changes something; `null`: it does not. */
export function nextDue({ steps }: KeptWorkflow): number | null {
  const times = Object.values(steps).flatMap(({ state, dueAt }) =>
    state === 'running' && dueAt !== null ? [dueAt] : [],
  );
  return times.length === 0 ? null : Math.min(...times);
}

/** The name under which the result of a run is kept. `index`: of a step with `each`. */
export const fieldOf = (step: string, index: number | null): string =>
  index === null ? step : `${step}/${index}`;
