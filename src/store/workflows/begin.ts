import type { RunAddress } from '../../model/run.js';
import type { WorkflowGraph } from '../../model/workflow.js';
import { memberOf, NET_MS } from '../agenda.js';
import { type Store, script } from '../redis.js';
import { type Claimed, FencedError } from '../runs.js';
import { keyOf } from './graphs.js';
import { readWorkflow } from './look.js';

const beginScript = script<'begun' | 'cancelled' | 'lost' | 'fenced'>('begin-workflow', 5);
const bringBackScript = script<'there' | 'ended' | 'gone'>('bring-back', 1);
const endScript = script<number>('end-workflow');

/** Keeps the graph of a workflow run and lets its first steps be ready. Twice is as once. @throws FencedError */
export async function beginWorkflow(
  { redis, keys }: Store,
  run: Claimed,
  { app, graph, priority }: { app: string; graph: WorkflowGraph; priority: number },
): Promise<'begun' | 'cancelled'> {
  const { queue, jobId, token, fence } = run;
  const text = JSON.stringify(graph);
  const answer = await beginScript(
    redis,
    keys.lock(queue, jobId),
    keys.run(queue, jobId),
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.liveWorkflows(queue),
    token,
    fence,
    jobId,
    memberOf(run),
    app,
    text,
    planOf(graph),
    priority,
    NET_MS,
    keyOf(text),
  );
  if (answer === 'lost' || answer === 'fenced') throw new FencedError(run);
  return answer;
}

/** The graph as scripts read it. */
function planOf({ steps }: WorkflowGraph): string {
  const place = new Map(steps.map(({ name }, i) => [name, i]));
  return JSON.stringify(
    steps.map(({ name, kind, onFailure, after }) => [
      name,
      kind,
      onFailure,
      after.map(each => place.get(each)),
    ]),
  );
}

/**
 * Has the run that stands for a workflow run claimed once more, before all others.
 * @returns `there`: it waits for that, or is claimed already. `ended`: the queue has its end. `gone`: it was removed.
 */
export function bringBack(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
): Promise<'there' | 'ended' | 'gone'> {
  return bringBackScript(redis, keys.queue(queue), jobId);
}

/** Tidies up after a workflow run that the queue knows to have ended. Idempotent. `again`: it may be retried. */
export async function endWorkflow(
  store: Store,
  address: RunAddress,
  { keepMs, again }: { keepMs: number; again: boolean },
): Promise<void> {
  const { redis, keys } = store;
  const { queue, jobId } = address;
  const kept = await readWorkflow(store, address);
  if (!kept) return;
  const fixed = [
    keys.workflow(queue, jobId),
    keys.agenda(kept.app),
    keys.liveWorkflows(queue),
    keys.reopenedWorkflows(queue),
    keys.workflowResults(queue, jobId),
    keys.job(queue, jobId),
  ];
  const lists = kept.graph.steps.map(({ name }) => keys.workflowPayloads(queue, jobId, name));
  const args = [jobId, memberOf(address), keepMs, again ? '1' : '0'];
  await endScript(redis, fixed.length + lists.length, ...fixed, ...lists, ...args);
}
