import { randomBytes } from 'node:crypto';
import {
  fieldOf,
  type KeptStep,
  type KeptWorkflow,
  type StepFailure,
  type StepRuns,
} from '../model/kept-workflow.js';
import type { PartOf, StepState, WorkflowGraph } from '../model/workflow.js';
import { HOLD_MS, memberOf } from './agenda.js';
import { type Store, script } from './redis.js';
import { type RunAddress, tellAgenda } from './run-requests.js';
import { type Claimed, FencedError } from './runs.js';

const beginScript = script<'begun' | 'cancelled' | 'lost' | 'fenced'>('begin-workflow', 5);
const lookScript = script<(string | number)[]>('look-at-workflow', 3);
const expandScript = script<'stored' | 'late'>('expand-step', 4);
const waitScript = script<'stored' | 'late'>('begin-wait', 3);
const markScript = script<number>('mark-step', 2);
const settleScript = script<'kept' | 'settled' | 'gone' | 'lost' | 'fenced'>('settle-step', 5);
const cancelScript = script<number[]>('cancel-parts');
const signalScript = script<SignalAnswer | 'again'>('signal-workflow', 4);
const reopenScript = script<'begun' | 'lost' | 'fenced'>('reopen-workflow');
const reopenPartScript = script<'again' | 'there' | 'busy'>('reopen-part', 10);
const bringBackScript = script<'there' | 'ended' | 'gone'>('bring-back', 1);
const endScript = script<number>('end-workflow');

/** Whoever leaves something to do does it at once; this is for the case that it dies. */
const NET_MS = 1_000;
/** Payloads that go with the script itself, and at once into a list. */
const INLINE = 100;
const AT_ONCE = 500;
const INLINE_BYTES = 64 * 1024;
/** A try to store payloads that nobody ended. */
const TRY_MS = 3_600_000;
/** A signal for a run that has not begun. */
const EARLY_MS = 30 * 24 * 3_600_000;

/** Keeps the graph of a workflow run and lets its first steps be ready. Twice is as once. @throws FencedError */
export async function beginWorkflow(
  { redis, keys }: Store,
  run: Claimed,
  { app, graph, priority }: { app: string; graph: WorkflowGraph; priority: number },
): Promise<'begun' | 'cancelled'> {
  const { queue, jobId, token, fence } = run;
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
    JSON.stringify(graph),
    planOf(graph),
    priority,
    NET_MS,
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
  const { graph: text, app = '', rev = '0', stop, why, retry, priority = '0' } = fields;
  if (text === undefined) return null;
  const graph = graphOf(text);
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

/** Graphs never change, and one of many steps is looked at once a step. */
const graphs = new Map<string, WorkflowGraph>();
const MOST_GRAPHS = 50;

function graphOf(text: string): WorkflowGraph {
  const known = graphs.get(text);
  if (known) return known;
  const graph = JSON.parse(text) as WorkflowGraph;
  graphs.set(text, graph);
  for (const oldest of graphs.keys()) if (graphs.size > MOST_GRAPHS) graphs.delete(oldest);
  return graph;
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

export type Expansion =
  | { kind: 'run'; payloads: string[]; runs: StepRuns }
  | { kind: 'skip' }
  | { kind: 'failed'; why: StepFailure };

/** Stores what the code said of a step that is ready. @returns `false` where an answer is there already, or the workflow stops. */
export async function expandStep(
  store: Store,
  app: string,
  address: RunAddress,
  step: string,
  expansion: Expansion,
): Promise<boolean> {
  const { redis, keys } = store;
  const { queue, jobId } = address;
  const payloads = expansion.kind === 'run' ? expansion.payloads : [];
  const attempt = keys.workflowPayloads(queue, jobId, `${step}:${randomBytes(6).toString('hex')}`);
  const inline = payloads.length <= INLINE && bytesOf(payloads) <= INLINE_BYTES;
  if (!inline) await storePayloads(store, attempt, payloads);
  const { kind } = expansion;
  const answer = await expandScript(
    redis,
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.workflowPayloads(queue, jobId, step),
    attempt,
    memberOf(address),
    HOLD_MS,
    step,
    kind,
    payloads.length,
    kind === 'run' ? JSON.stringify(expansion.runs) : kind === 'failed' ? JSON.stringify(expansion.why) : '',
    ...(inline ? payloads : []),
  );
  return answer === 'stored';
}

const bytesOf = (texts: string[]): number => texts.reduce((sum, { length }) => sum + length, 0);

/** Under a name that nobody else uses, until they are all there. */
async function storePayloads({ redis }: Store, key: string, payloads: string[]): Promise<void> {
  let [some, bytes]: [string[], number] = [[], 0];
  const push = () =>
    redis
      .pipeline()
      .rpush(key, ...some)
      .pexpire(key, TRY_MS)
      .exec()
      .then(throwFirst);
  for (const payload of payloads) {
    some.push(payload);
    bytes += payload.length;
    if (some.length < AT_ONCE && bytes < INLINE_BYTES) continue;
    await push();
    [some, bytes] = [[], 0];
  }
  if (some.length > 0) await push();
}

function throwFirst(answers: [error: Error | null, result: unknown][] | null): void {
  const failed = answers?.find(([error]) => error);
  if (failed) throw failed[0];
}

/** A step that is ready begins to wait. `ms`: from now; `null`: for ever. @returns `false` where it does already, or the workflow stops. */
export async function beginWait(
  { redis, keys }: Store,
  app: string,
  address: RunAddress,
  step: string,
  until: { ms: number | null } | { at: number },
): Promise<boolean> {
  const { queue, jobId } = address;
  const answer = await waitScript(
    redis,
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.workflowResults(queue, jobId),
    memberOf(address),
    HOLD_MS,
    step,
    'at' in until ? 'until' : 'for',
    ('at' in until ? until.at : until.ms) ?? '',
  );
  return answer === 'stored';
}

/** The payloads of a step's runs, and how each of these runs was settled; both in order. */
export async function readParts(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
  step: { name: string; each: boolean },
  from: number,
  to: number,
): Promise<{ index: number | null; payload: string | null; mark: string | null }[]> {
  const indices = Array.from({ length: to - from }, (_, i) => (step.each ? from + i : null));
  const [payloads, marks] = await Promise.all([
    redis.lrange(keys.workflowPayloads(queue, jobId, step.name), from, to - 1),
    redis.hmget(keys.workflowResults(queue, jobId), ...indices.map(index => fieldOf(step.name, index))),
  ]);
  return indices.map((index, i) => ({ index, payload: payloads[i] ?? null, mark: marks[i] ?? null }));
}

/** The runs of a step are in their queue up to here, or (`ended`) were looked at for their end. @returns `false` where that is no longer done. */
export async function markStep(
  { redis, keys }: Store,
  app: string,
  address: RunAddress,
  step: string,
  what: 'enqueued' | 'ended',
  to: number,
): Promise<boolean> {
  const key = keys.workflow(address.queue, address.jobId);
  const field = what === 'enqueued' ? 'q' : 'x';
  return (await markScript(redis, key, keys.agenda(app), memberOf(address), HOLD_MS, step, field, to)) === 1;
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
    field,
    jobId,
    keepFailed ? '1' : '0',
  );
}

export type Settled =
  | { kind: 'done'; result: unknown }
  | { kind: 'failed' | 'cancelled'; run: string; error: StepFailure['error'] };

/**
 * A run that is part of a workflow has ended: keeps how, before the queue is told.
 * @param run without a token: the run is not claimed, and a person has ended it.
 * @returns `settled`: there is something to do for the workflow now. `gone`: nobody waits for this run any more. @throws FencedError
 */
export async function settleStep(
  { redis, keys }: Store,
  app: string,
  run: RunAddress & Partial<Claimed>,
  part: PartOf,
  how: Settled,
): Promise<'kept' | 'settled' | 'gone'> {
  const { queue, jobId } = part;
  const why = how.kind === 'done' ? '' : JSON.stringify({ step: part.step, run: how.run, error: how.error });
  const answer = await settleScript(
    redis,
    keys.lock(run.queue, run.jobId),
    keys.run(run.queue, run.jobId),
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.workflowResults(queue, jobId),
    run.token ?? '',
    run.fence ?? 0,
    memberOf(part),
    NET_MS,
    part.step,
    fieldOf(part.step, part.index),
    how.kind,
    how.kind === 'done' ? JSON.stringify(how.result ?? null) : '',
    why,
  );
  if (answer === 'lost' || answer === 'fenced') throw new FencedError({ token: '', fence: 0, ...run });
  return answer;
}

/**
 * The workflow stops: runs of a step that have not started are cancelled.
 * @returns those that have started, where they shall be cancelled too.
 */
export async function cancelParts(
  { redis, keys }: Store,
  app: string,
  address: RunAddress,
  step: string,
  parts: (RunAddress & { index: number | null })[],
): Promise<RunAddress[]> {
  const { queue, jobId } = address;
  const fixed = [
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.workflowResults(queue, jobId),
    keys.live(parts[0]!.queue),
  ];
  const ofRuns = parts.flatMap(part => [keys.run(part.queue, part.jobId), keys.job(part.queue, part.jobId)]);
  const args = parts.flatMap(part => [fieldOf(step, part.index), part.jobId]);
  const running = await cancelScript(
    redis,
    fixed.length + ofRuns.length,
    ...fixed,
    ...ofRuns,
    memberOf(address),
    HOLD_MS,
    step,
    ...args,
  );
  return running.map(place => parts[place]!);
}

type SignalAnswer = 'taken' | 'kept' | 'already' | 'over' | 'unknown' | 'gone';

/**
 * A signal for a workflow run. The first of a name counts.
 * @param payload JSON text.
 * @returns `taken`: the step was waiting for it; `kept`: it comes early, also where the run has not begun; `already`: there was one before; `over`: the step has
 * ended without it; `unknown`: the run has no signal of this name; `gone`: there is no such run, or it has ended.
 */
export async function signalWorkflow(
  store: Store,
  address: RunAddress,
  name: string,
  payload: string,
): Promise<SignalAnswer> {
  const { redis, keys } = store;
  const { queue, jobId } = address;
  const workflow = keys.workflow(queue, jobId);
  for (;;) {
    const app = (await redis.hget(workflow, 'app')) ?? '';
    const answer = await signalScript(
      redis,
      workflow,
      keys.agenda(app),
      keys.workflowResults(queue, jobId),
      keys.job(queue, jobId),
      memberOf(address),
      name,
      payload,
      EARLY_MS,
      app,
    );
    // It has begun since its app was read.
    if (answer === 'again') continue;
    if (answer === 'taken') await tellAgenda(store, app);
    return answer;
  }
}

/** A person wants it to go on: what failed or was stopped is to be done. @throws FencedError */
export async function reopenWorkflow(
  { redis, keys }: Store,
  app: string,
  run: Claimed,
  { steps }: WorkflowGraph,
): Promise<void> {
  const { queue, jobId, token, fence } = run;
  const fixed = [
    keys.lock(queue, jobId),
    keys.run(queue, jobId),
    keys.workflow(queue, jobId),
    keys.agenda(app),
    keys.liveWorkflows(queue),
    keys.workflowResults(queue, jobId),
  ];
  const lists = steps.map(({ name }) => keys.workflowPayloads(queue, jobId, name));
  const args = [token, fence, jobId, memberOf(run), NET_MS];
  const answer = await reopenScript(redis, fixed.length + lists.length, ...fixed, ...lists, ...args);
  if (answer !== 'begun') throw new FencedError(run);
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
    keys.workflowResults(queue, jobId),
    keys.job(queue, jobId),
  ];
  const lists = kept.graph.steps.map(({ name }) => keys.workflowPayloads(queue, jobId, name));
  const args = [jobId, memberOf(address), keepMs, again ? '1' : '0'];
  await endScript(redis, fixed.length + lists.length, ...fixed, ...lists, ...args);
}
