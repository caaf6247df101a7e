import { isOver, type KeptWorkflow } from '../model/kept-workflow.js';
import type { RunAddress, RunEnd, RunError } from '../model/run.js';
import { lastSteps } from '../model/workflow.js';
import type { Claimed } from '../store/runs.js';
import { reopenWorkflow } from '../store/workflows/again.js';
import { beginWorkflow } from '../store/workflows/begin.js';
import { readWorkflow } from '../store/workflows/look.js';
import { readResults } from './ask.js';
import type { WorkflowPorts } from './ports.js';
import type { RunningRelease } from './running-release.js';

/** A run that a host has claimed and that may stand for a workflow run. */
export interface StandIn {
  right: Claimed;
  runId: string;
  /** Its job, as the producer named it. */
  name: string;
  payload: string;
  scheduledFor: string | null;
  priority: number;
  cancelled: boolean;
}

/** What becomes of the claim. `aside`: its steps have it brought back. */
export type Standing =
  | { kind: 'none' }
  | { kind: 'aside' }
  | { kind: 'end'; end: Exclude<RunEnd, { kind: 'yielded' | 'parked' }> };

const CANCELLED: Standing = { kind: 'end', end: { kind: 'cancelled' } };
const ASIDE: Standing = { kind: 'aside' };

/**
 * Begins, reopens or ends the workflow run that a claimed run stands for. `none`: it stands for none.
 * @throws FencedError; where Redis or the code could not be asked.
 */
export async function claimedWorkflow(
  ports: WorkflowPorts,
  release: RunningRelease,
  run: StandIn,
): Promise<Standing> {
  const { store, app } = ports;
  const kept = await readWorkflow(store, run.right);
  if (!kept) return begin(ports, release, run);
  if (kept.retry && !run.cancelled)
    return (await reopenWorkflow(store, app, run.right, kept.graph)) === 'begun' ? ASIDE : CANCELLED;
  if (!isOver(kept)) return ASIDE;
  if (run.cancelled || kept.stop === 'cancelled') return CANCELLED;
  if (kept.stop === 'failed') return failed(errorOf(kept));
  return { kind: 'end', end: { kind: 'completed', result: await resultOf(ports, run.right, kept) } };
}

async function begin(
  { store, app }: WorkflowPorts,
  release: RunningRelease,
  run: StandIn,
): Promise<Standing> {
  const workflow = release.workflows.get(run.name);
  if (!workflow) return { kind: 'none' };
  if (run.cancelled) return CANCELLED;
  const { runId, payload, scheduledFor, priority } = run;
  const question = { workflow: run.name, step: null, runId, scheduledFor, payload, results: {} };
  const answer = await release.evaluate(question);
  if (answer.verdict === 'failed') return failed(answer.error);
  const graph = { name: workflow.name, steps: workflow.steps };
  return (await beginWorkflow(store, run.right, { app, graph, priority })) === 'begun' ? ASIDE : CANCELLED;
}

const failed = (error: RunError): Standing => ({ kind: 'end', end: { kind: 'failed', error, retry: false } });

function errorOf({ why }: KeptWorkflow): RunError {
  const { step, run, error } = why ?? {
    step: '?',
    error: { name: 'WorkflowError', message: 'a step failed', stack: '' },
  };
  const of = run === undefined ? '' : `, run ${run}`;
  return { ...error, message: `step "${step}"${of}: ${error.message}` };
}

/** Those of the steps that no other waits for; of a step with `each` the number of its elements. */
async function resultOf(
  { store }: WorkflowPorts,
  address: RunAddress,
  { graph, steps }: KeptWorkflow,
): Promise<Record<string, unknown>> {
  const last = lastSteps(graph);
  const texts = await readResults(
    store,
    address,
    last.map(({ name }) => name),
  );
  const results = last.map(({ name, each }, i) => {
    const text = texts[i];
    return [name, each ? (steps[name]!.count ?? undefined) : text == null ? undefined : JSON.parse(text)];
  });
  return Object.fromEntries(results);
}
