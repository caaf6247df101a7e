import { fieldOf, type StepFailure } from '../model/kept-workflow.js';
import type { RunAddress } from '../model/run.js';
import type { StepAnswer, StepManifest } from '../model/workflow.js';
import type { Store } from '../store/redis.js';
import type { Expansion } from '../store/workflows/expand.js';
import { resultOf } from '../store/workflows/settle.js';
import { besideFit, stepFit } from './graph-fit.js';
import type { WorkflowPorts } from './ports.js';
import { isPlain, questionOf } from './question.js';
import type { RunningRelease } from './running-release.js';
import type { Seen } from './seen.js';

/** Results of one step that are read at once. */
const AT_ONCE = 500;

type Asked =
  | { kind: 'expand'; expansion: Expansion }
  /** The release that runs cannot begin this step. */
  | { kind: 'unfit'; reason: string }
  /** What it is told of stands with the workflow, which has yet to be looked at. */
  | { kind: 'look' }
  | { kind: 'wait'; until: { ms: number | null } | { at: number } };

/** Asks the release that runs about a step that is ready. @throws where it could not be asked. */
export async function ask(
  ports: WorkflowPorts,
  release: RunningRelease,
  address: RunAddress,
  seen: Seen,
  step: StepManifest,
): Promise<Asked> {
  const { name } = seen.graph;
  // Its code may be of a later release than the graph: what it needs is for it to say.
  const reason = stepFit(step, seen.graph, release);
  if (reason !== null) return { kind: 'unfit', reason };
  const now = release.workflows.get(name)!.steps.find(each => each.name === step.name)!;
  const alone = release.beside && besideFit(now, release.beside);
  if (alone) return { kind: 'unfit', reason: alone };
  if (isPlain(now)) return { kind: 'wait', until: { ms: now.kind === 'wait' ? now.waitMs : now.timeoutMs } };
  const results = await resultsOf(ports, address, seen, now.after);
  if (!results) return { kind: 'look' };
  if (results === 'too-large') return failed(step, tooLarge(now.after, ports.limits.readBytes));
  const question = questionOf(address, name, step.name, seen.asked, results);
  const { foresight } = ports;
  const answer = await (foresight ? foresight.ask(release, question) : release.evaluate(question));
  return meant(ports, release, now, answer);
}

function meant(ports: WorkflowPorts, release: RunningRelease, step: StepManifest, answer: StepAnswer): Asked {
  switch (answer.verdict) {
    case 'skip':
      return { kind: 'expand', expansion: { kind: 'skip' } };
    case 'failed':
      return failed(step, answer.error);
    case 'wait':
      return { kind: 'wait', until: { at: answer.until } };
    case 'fits':
      return { kind: 'wait', until: { ms: step.kind === 'wait' ? step.waitMs : step.timeoutMs } };
    case 'run':
      return toRun(ports, release, step, answer.payloads);
  }
}

function toRun(
  { limits }: WorkflowPorts,
  release: RunningRelease,
  step: StepManifest,
  payloads: string[],
): Asked {
  const job = step.runs ?? '';
  const queue = (release.jobs.get(job) ?? release.workflows.get(job))?.queue;
  if (!queue)
    return failed(step, {
      name: 'WorkflowError',
      message: `step "${step.name}": there is no job "${job}" in the release that runs`,
    });
  const large = payloads.findIndex(payload => Buffer.byteLength(payload) > limits.payloadBytes);
  if (large >= 0) {
    const of = step.each ? `the payload of element ${large}` : 'the payload';
    const message = `step "${step.name}": ${of} has ${Buffer.byteLength(payloads[large]!)} bytes, and ${limits.payloadBytes} are allowed (limits.payloadBytes): keep it elsewhere and give where it is`;
    return failed(step, { name: 'WorkflowError', message });
  }
  const { attempts, backoff, timeoutMs } = step;
  return {
    kind: 'expand',
    expansion: { kind: 'run', payloads, runs: { job, queue, attempts, backoff, timeoutMs } },
  };
}

function failed(
  step: StepManifest,
  { name, message, stack = message }: { name: string; message: string; stack?: string },
): Asked {
  const why: StepFailure = { step: step.name, error: { name, message, stack } };
  return { kind: 'expand', expansion: { kind: 'failed', why } };
}

type Results = Record<string, string | null | (string | null)[]>;

const tooLarge = (after: string[], bytes: number) => ({
  name: 'WorkflowError',
  message: `the results that it reads (of ${after.join(', ')}) have more than ${bytes.toLocaleString('en')} bytes together: keep large results elsewhere and let the jobs return where they are`,
});

/** JSON texts; `null` where there is none. @returns `null` where only a look says how many there are. */
async function resultsOf(
  { store, limits }: WorkflowPorts,
  address: RunAddress,
  { graph, steps, results: known }: Seen,
  names: string[],
): Promise<Results | null | 'too-large'> {
  const results: Results = {};
  let room = limits.readBytes;
  for (const name of names) {
    const step = graph.steps.find(each => each.name === name);
    if (!step) continue;
    if (!step.each) results[name] = known.get(name) ?? null;
    if (!step.each && !known.has(name)) [results[name] = null] = await readResults(store, address, [name]);
    if (!step.each) continue;
    if (!steps) return null;
    const { state, count } = steps[name]!;
    // Skipped, or failed before there was any element.
    results[name] = null;
    if (state === 'skipped' || count === null) continue;
    const elements = await elementsOf(store, address, name, { count, room });
    if (elements === null) return 'too-large';
    results[name] = elements;
    room -= bytesOf(elements);
  }
  return results;
}

/** @returns `null` where they have more bytes than there is room for. */
async function elementsOf(
  store: Store,
  address: RunAddress,
  name: string,
  { count, room }: { count: number; room: number },
): Promise<(string | null)[] | null> {
  const results: (string | null)[] = [];
  let bytes = 0;
  while (results.length < count) {
    const length = Math.min(AT_ONCE, count - results.length);
    const fields = Array.from({ length }, (_, i) => fieldOf(name, results.length + i));
    const some = await readResults(store, address, fields);
    bytes += bytesOf(some);
    if (bytes > room) return null;
    results.push(...some);
  }
  return results;
}

const bytesOf = (texts: (string | null)[]): number =>
  texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);

/** Of what is done; `null` for all else. */
export async function readResults(
  { redis, keys }: Store,
  { queue, jobId }: RunAddress,
  fields: string[],
): Promise<(string | null)[]> {
  const marks = await redis.hmget(keys.workflowResults(queue, jobId), ...fields);
  return marks.map(resultOf);
}
