import type { RunAddress } from '../../src/model/run.js';
import type { WorkflowGraph } from '../../src/model/workflow.js';
import { type Claimed, startRun } from '../../src/store/runs.js';
import { beginWorkflow } from '../../src/store/workflows/begin.js';
import type { TestStore } from './store.js';

/** Starts a run as the host would that has claimed it; where it is in the queue is left alone. */
export async function startedRun(
  store: TestStore,
  app: string,
  { queue, jobId }: RunAddress,
): Promise<Claimed> {
  const run = { queue, jobId, token: 'token' };
  await store.redis.set(store.keys.lock(queue, jobId), run.token);
  const by = { release: 'r', host: 'h', app, crashed: false, crashLimit: 3, lockMs: 60_000 };
  const started = await startRun(store, run, by);
  if (started.kind !== 'ok') throw new Error(`the start was answered with ${started.kind}`);
  return { ...run, fence: started.fence };
}

/** And begins it as a run of a workflow. */
export async function begunWorkflow(
  store: TestStore,
  app: string,
  run: RunAddress,
  graph: WorkflowGraph,
): Promise<void> {
  await beginWorkflow(store, await startedRun(store, app, run), { app, graph, priority: 0 });
}
