import type { Run, RunAddress, RunStep } from '../model/run.js';
import type { Store } from '../store/redis.js';
import { readWorkflow } from '../store/workflows/look.js';
import { runIdOf } from './run-id.js';
import { findRun, showRun } from './runs.js';
import { partRunId } from './workflow-runs.js';

/** Of a step with many runs, so many are named. */
const NAMED = 100;

/** A run, that of a workflow with its steps. @throws SlackwaterError as `findRun`. */
export async function showWhole(store: Store, id: string): Promise<Run> {
  const run = await showRun(store, id);
  const steps = await stepsOfRun(store, await findRun(store, id));
  return steps ? { ...run, steps } : run;
}

/** The steps of a workflow run as people see them; `null` where it is none, has not begun, or is no longer kept. */
async function stepsOfRun(store: Store, address: RunAddress): Promise<RunStep[] | null> {
  const kept = await readWorkflow(store, address);
  if (!kept) return null;
  return kept.graph.steps.map(step => {
    const { state, count, left, failed, cancelled, enqueued, runs, ...at } = kept.steps[step.name]!;
    const queue = runs?.queue;
    const idOf = (index: number | null) => runIdOf(queue!, partRunId(address, step.name, index));
    return {
      ...step,
      runs: runs?.job ?? step.runs,
      state,
      counts:
        count === null
          ? null
          : { total: count, done: count - left - failed - cancelled, failed, cancelled, left },
      ids:
        queue === undefined
          ? []
          : Array.from({ length: Math.min(enqueued, NAMED) }, (_, i) => idOf(step.each ? i : null)),
      readyAt: iso(at.readyAt),
      settledAt: iso(at.settledAt),
      dueAt: iso(at.dueAt),
      signalled: at.signalled,
    };
  });
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
