import { fieldOf, type StepFailure } from '../../model/kept-workflow.js';
import type { RunAddress } from '../../model/run.js';
import type { PartOf, WorkflowGraph } from '../../model/workflow.js';
import { memberOf, NET_MS } from '../agenda.js';
import { type Store, script } from '../redis.js';
import { type Claimed, FencedError } from '../runs.js';
import { knownGraph } from './graphs.js';

const settleScript = script<(string | number)[]>('settle-step', 6);

export type Settled =
  | { kind: 'done'; result: unknown }
  | { kind: 'failed' | 'cancelled'; run: string; error: StepFailure['error'] };

/**
 * What follows from the end of a step, where nobody need look at the workflow run for it: it was at rest before, and this is all that there is to do.
 */
export interface Released {
  revision: number;
  now: number;
  graph: WorkflowGraph;
  priority: number;
  /** As of a look. */
  asked: { data: string; opts: string };
  /** Names of the steps that are ready now. */
  ready: string[];
  /** What single runs have come to, as JSON, by the step; `null`: it has no result. Not all that come before these steps need be there. */
  results: Map<string, string | null>;
  /** Every step has come to its end. */
  over: boolean;
}

/** `settled`: there is something to do for the workflow now. `gone`: nobody waits for this run any more. */
export type SettleAnswer = { kind: 'kept' | 'gone' } | { kind: 'settled'; released: Released | null };

/**
 * A run that is part of a workflow has ended: keeps how, before the queue is told.
 * @param run without a token: the run is not claimed, and a person has ended it. @throws FencedError
 */
export async function settleStep(
  { redis, keys }: Store,
  app: string,
  run: RunAddress & Partial<Claimed>,
  part: PartOf,
  how: Settled,
): Promise<SettleAnswer> {
  const { queue, jobId } = part;
  const result = how.kind === 'done' ? JSON.stringify(how.result ?? null) : '';
  const why = how.kind === 'done' ? '' : JSON.stringify({ step: part.step, run: how.run, error: how.error });
  const answer = await settleScript(
    redis,
    keys.lock(run.queue, run.jobId),
    keys.run(run.queue, run.jobId),
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.workflowResults(queue, jobId),
    keys.job(queue, jobId),
    run.token ?? '',
    run.fence ?? 0,
    memberOf(part),
    NET_MS,
    part.step,
    fieldOf(part.step, part.index),
    how.kind,
    result,
    why,
  );
  const [kind] = answer;
  if (kind === 'lost' || kind === 'fenced') throw new FencedError({ token: '', fence: 0, ...run });
  if (kind !== 'settled') return { kind: kind as 'kept' | 'gone' };
  const released = releasedBy(answer.slice(1).map(String));
  if (released && part.index === null) released.results.set(part.step, how.kind === 'done' ? result : null);
  return { kind, released };
}

function releasedBy(answer: string[]): Released | null {
  const [revision, now, key, priority, over, data = '', opts = '', count, ...names] = answer;
  const graph = key === undefined ? undefined : knownGraph(key);
  if (!graph) return null;
  const marks = names.slice(Number(count));
  const results = new Map<string, string | null>();
  for (let i = 0; i + 1 < marks.length; i += 2) results.set(marks[i]!, resultOf(marks[i + 1]!));
  return {
    revision: Number(revision),
    now: Number(now),
    graph,
    priority: Number(priority),
    asked: { data, opts },
    ready: names.slice(0, Number(count)),
    results,
    over: over === '1',
  };
}

/** Of what is done; `null` for all else. @param mark as it is kept, if it is. */
export const resultOf = (mark: string | null | undefined): string | null =>
  mark?.startsWith('=') ? mark.slice(1) : null;
