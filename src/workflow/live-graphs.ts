import type { Refusal } from '../model/intent.js';
import { isOver, type KeptWorkflow } from '../model/kept-workflow.js';
import { runIdOf } from '../queue/run-id.js';
import type { Store } from '../store/redis.js';
import type { RunAddress } from '../store/run-requests.js';
import { endWorkflow } from '../store/workflows/begin.js';
import { readWorkflow } from '../store/workflows/look.js';
import { graphFit, type Misfit, type NextRelease } from './graph-fit.js';

const PAGE = 100;
/** What is kept of a run that was removed. */
const GONE_MS = 1_000;

/** The IDs of the workflow runs of a queue that have begun and not ended, page by page. One may come twice. */
export async function* liveWorkflows({ redis, keys }: Store, queue: string): AsyncGenerator<RunAddress[]> {
  let cursor = '0';
  do {
    const [next, ids] = await redis.sscan(keys.liveWorkflows(queue), cursor, 'COUNT', PAGE);
    cursor = next;
    if (ids.length > 0) yield ids.map(jobId => ({ queue, jobId }));
  } while (cursor !== '0');
}

/** @returns why a release cannot go on with this run, and what is kept of it; `null` where it has ended, or only comes to its end. */
export async function fitOf(
  store: Store,
  run: RunAddress,
  next: NextRelease,
): Promise<{ kept: KeptWorkflow; refusals: Refusal[] } | null> {
  const kept = await readWorkflow(store, run);
  if (!kept || kept.stop === 'cancelled' || (isOver(kept) && !kept.retry)) return null;
  const [isThere, finishedOn] = await Promise.all([
    store.redis.exists(store.keys.job(run.queue, run.jobId)),
    store.redis.hget(store.keys.job(run.queue, run.jobId), 'finishedOn'),
  ]);
  // Somebody has removed its job: nobody can go on with it.
  if (!isThere) await endWorkflow(store, run, { keepMs: GONE_MS, again: false });
  if (!isThere || finishedOn !== null) return null;
  const misfits = graphFit(kept.graph, kept.steps, next);
  return { kept, refusals: misfits.map(misfit => refusalOf(run, kept, misfit)) };
}

export function refusalOf(
  { queue, jobId }: RunAddress,
  { graph }: KeptWorkflow,
  { step, reason }: Misfit,
): Refusal {
  const none = { from: null, to: null, direction: 'up', path: '' } as const;
  return { run: runIdOf(queue, jobId), job: graph.name, queue, ...none, step, message: reason };
}
