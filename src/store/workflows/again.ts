import type { RunAddress } from '../../model/run.js';
import type { WorkflowGraph } from '../../model/workflow.js';
import { memberOf, NET_MS } from '../agenda.js';
import { type Store, script } from '../redis.js';
import { type Claimed, FencedError } from '../runs.js';
import { readWorkflow } from './look.js';

const reopenScript = script<'begun' | 'cancelled' | 'lost' | 'fenced'>('reopen-workflow');
const reopenPartScript = script<'again' | 'there' | 'busy'>('reopen-part', 11);

/** A person wants it to go on: what failed or was stopped is to be done. @returns `cancelled`: not any more. @throws FencedError */
export async function reopenWorkflow(
  { redis, keys }: Store,
  app: string,
  run: Claimed,
  { steps }: WorkflowGraph,
): Promise<'begun' | 'cancelled'> {
  const { queue, jobId, token, fence } = run;
  const fixed = [
    keys.lock(queue, jobId),
    keys.run(queue, jobId),
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.liveWorkflows(queue),
    keys.reopenedWorkflows(queue),
    keys.workflowResults(queue, jobId),
  ];
  const lists = steps.map(({ name }) => keys.workflowPayloads(queue, jobId, name));
  const args = [token, fence, jobId, memberOf(run), NET_MS];
  const answer = await reopenScript(redis, fixed.length + lists.length, ...fixed, ...lists, ...args);
  if (answer === 'lost' || answer === 'fenced') throw new FencedError(run);
  return answer;
}

/** Of a workflow run that is to go on: what it has yet to queue again must not go before a host has claimed it. Does nothing for any other run. */
export async function keepPayloads(store: Store, { queue, jobId }: RunAddress): Promise<void> {
  const { redis, keys } = store;
  const kept = await readWorkflow(store, { queue, jobId });
  if (!kept) return;
  await Promise.all(
    kept.graph.steps.map(({ name }) => redis.persist(keys.workflowPayloads(queue, jobId, name))),
  );
}

/**
 * A run that had ended is to go on, since a person has retried its workflow: it is no longer settled.
 * @param keepFailed leave it alone where it failed. @returns `again`: it is to be queued, or enqueued where it is no longer there; `there`: it is, or has
 * nothing left to do; `busy`: a host is just about to end it, so that it has to be asked for later.
 */
export async function reopenPart(
  { redis, keys }: Store,
  workflow: RunAddress,
  field: string,
  { queue, jobId }: RunAddress,
  keepFailed: boolean,
): Promise<'again' | 'there' | 'busy'> {
  return reopenPartScript(
    redis,
    keys.workflow(workflow.queue, workflow.jobId),
    keys.workflowResults(workflow.queue, workflow.jobId),
    keys.run(queue, jobId),
    keys.steps(queue, jobId),
    keys.live(queue),
    keys.job(queue, 'failed'),
    keys.job(queue, jobId),
    keys.workflow(queue, jobId),
    keys.workflowResults(queue, jobId),
    keys.lock(queue, jobId),
    keys.reopenedWorkflows(queue),
    field,
    jobId,
    keepFailed ? '1' : '0',
  );
}
