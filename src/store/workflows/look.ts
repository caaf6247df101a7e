import type { KeptStep, KeptWorkflow, StepFailure, StepRuns } from '../../model/kept-workflow.js';
import type { RunAddress } from '../../model/run.js';
import type { StepState } from '../../model/workflow.js';
import { HOLD_MS, memberOf } from '../agenda.js';
import { type Store, script } from '../redis.js';
import { graphOf } from './graphs.js';

const lookScript = script<(string | number)[]>('look-at-workflow', 3);

/** Lets pass what time has come for, and reads the rest. `null`: it has not begun, or is no longer kept. */
export async function lookAtWorkflow(
  { redis, keys }: Store,
  app: string,
  address: RunAddress,
): Promise<LookedAt | null> {
  const { queue, jobId } = address;
  const [workflow, job] = [keys.workflow(queue, jobId), keys.job(queue, jobId)];
  const answer = await lookScript(redis, workflow, keys.agenda(app), job, memberOf(address), HOLD_MS);
  const [now, data = '', opts = '', ...flat] = answer;
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[String(flat[i])] = String(flat[i + 1]);
  const kept = keptOf(fields, Number(now));
  return kept && { ...kept, asked: { data: String(data), opts: String(opts) } };
}

/** A workflow run as a host looks at it. `asked`: texts of its job in the queue; empty where nothing begins. */
export interface LookedAt extends KeptWorkflow {
  asked: { data: string; opts: string };
}

/** What is kept of a workflow run, for people. `null`: it has not begun, or is no longer kept. */
export async function readWorkflow(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
): Promise<KeptWorkflow | null> {
  return keptOf(await redis.hgetall(keys.workflow(queue, jobId)), Date.now());
}

function keptOf(fields: Record<string, string>, now: number): KeptWorkflow | null {
  const { graph: text, key, app = '', rev = '0', stop, why, retry, priority = '0' } = fields;
  if (text === undefined) return null;
  const graph = graphOf(text, key);
  return {
    app,
    graph,
    revision: Number(rev),
    stop: (stop as KeptWorkflow['stop']) ?? null,
    why: why ? (JSON.parse(why) as StepFailure) : null,
    retry: retry === '1',
    priority: Number(priority),
    steps: Object.fromEntries(graph.steps.map(({ name }) => [name, stepOf(fields, name)])),
    now,
  };
}

function stepOf(fields: Record<string, string>, name: string): KeptStep {
  const number = (letter: string) => Number(fields[`${letter}:${name}`] ?? 0);
  const orNull = (letter: string) => (fields[`${letter}:${name}`] === undefined ? null : number(letter));
  const runs = fields[`o:${name}`];
  return {
    state: fields[`s:${name}`] as StepState,
    count: orNull('n'),
    left: number('l'),
    failed: number('f'),
    cancelled: number('c'),
    enqueued: number('q'),
    again: `a:${name}` in fields,
    ended: number('x'),
    runs: runs ? (JSON.parse(runs) as StepRuns) : null,
    dueAt: orNull('t'),
    readyAt: orNull('b'),
    settledAt: orNull('e'),
    signalled: `g:${name}` in fields,
  };
}
