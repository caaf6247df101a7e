import type { Refusal } from '../model/intent.js';
import { isOver, type KeptWorkflow } from '../model/kept-workflow.js';
import type { RunAddress } from '../model/run.js';
import type { StepManifest } from '../model/workflow.js';
import { runIdOf } from '../queue/run-id.js';
import { partRunId } from '../queue/workflow-runs.js';
import type { Store } from '../store/redis.js';
import { endWorkflow } from '../store/workflows/begin.js';
import { readWorkflow } from '../store/workflows/look.js';
import { readParts } from '../store/workflows/parts.js';
import { graphFit, type Misfit, type NextRelease } from './graph-fit.js';
import { asReopened, goesOn } from './reopened.js';

const PAGE = 100;
/** What is kept of a run that was removed. */
const GONE_MS = 1_000;

/**
 * The IDs of the workflow runs of a queue that have begun and not ended, and of those that had ended and are to go on, claimed or not; page by page. One may come
 * twice, and none is missed that a host claims meanwhile.
 */
export async function* liveWorkflows({ redis, keys }: Store, queue: string): AsyncGenerator<RunAddress[]> {
  const live = keys.liveWorkflows(queue);
  for (const key of [keys.reopenedWorkflows(queue), live]) {
    let cursor = '0';
    do {
      const [next, found] = await redis.sscan(key, cursor, 'COUNT', PAGE);
      cursor = next;
      const later = key === live || found.length === 0 ? [] : await redis.smismember(live, ...found);
      const ids = found.filter((_, i) => later[i] !== 1);
      if (ids.length > 0) yield ids.map(jobId => ({ queue, jobId }));
    } while (cursor !== '0');
  }
}

/** A workflow run that another release is to go on with. `kept`: as it will then stand. `refusals`: why that release cannot. */
export interface Fit {
  run: RunAddress;
  kept: KeptWorkflow;
  refusals: Refusal[];
}

/** Whether a release can go on with this run, and with those of its steps that go on because a person has retried it. Nothing where it has ended, or only comes to its end. */
export async function* fitsOf(store: Store, run: RunAddress, next: NextRelease): AsyncGenerator<Fit> {
  const kept = await keptOf(store, run);
  if (kept) yield* fitsAs(store, run, kept, next);
}

/** What is kept of a run that goes on; `null`: it does not. */
async function keptOf(store: Store, run: RunAddress): Promise<KeptWorkflow | null> {
  const { redis, keys } = store;
  const { queue, jobId } = run;
  const kept = await readWorkflow(store, run);
  if (!kept || (!kept.retry && (kept.stop === 'cancelled' || isOver(kept)))) return null;
  const [isThere, finishedOn, cancel] = await Promise.all([
    redis.exists(keys.job(queue, jobId)),
    redis.hget(keys.job(queue, jobId), 'finishedOn'),
    redis.hget(keys.run(queue, jobId), 'cancel'),
  ]);
  // Somebody has removed its job: nobody can go on with it.
  if (!isThere) await endWorkflow(store, run, { keepMs: GONE_MS, again: false });
  if (!isThere || finishedOn !== null || cancel === '1') return null;
  return kept.retry ? asReopened(kept) : kept;
}

async function* fitsAs(
  store: Store,
  run: RunAddress,
  kept: KeptWorkflow,
  next: NextRelease,
): AsyncGenerator<Fit> {
  const misfits = graphFit(kept.graph, kept.steps, next);
  yield { run, kept, refusals: misfits.map(misfit => refusalOf(run, kept, misfit)) };
  for (const step of kept.graph.steps)
    if (step.kind === 'workflow' && kept.stop === null && kept.steps[step.name]!.again) {
      for await (const part of goingOn(store, run, kept, step)) {
        const inner = await readWorkflow(store, part);
        // One whose job is gone begins anew, with the graph of the release that runs then.
        if (inner && (await store.redis.exists(store.keys.job(part.queue, part.jobId))))
          yield* fitsAs(store, part, asReopened(inner), next);
      }
    }
}

/** The runs of a step that have ended and are to be queued again. */
async function* goingOn(
  store: Store,
  run: RunAddress,
  { steps }: KeptWorkflow,
  step: StepManifest,
): AsyncGenerator<RunAddress> {
  const { enqueued, count, runs } = steps[step.name]!;
  for (let from = enqueued; from < (count ?? 0); from += PAGE)
    for (const { index, mark } of await readParts(store, run, step, from, Math.min(count!, from + PAGE)))
      if (mark !== null && goesOn(mark, step.onFailure))
        yield { queue: runs!.queue, jobId: partRunId(run, step.name, index) };
}

export function refusalOf(
  { queue, jobId }: RunAddress,
  { graph }: KeptWorkflow,
  { step, reason }: Misfit,
): Refusal {
  const none = { from: null, to: null, direction: 'up', path: '' } as const;
  return { run: runIdOf(queue, jobId), job: graph.name, queue, ...none, step, message: reason };
}
