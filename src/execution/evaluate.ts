import type { JobDefinition } from '../author/job.js';
import { type AnySchema, checkAgainst, describeFaults } from '../author/schema.js';
import {
  isWorkflow,
  type StepDefinition,
  type StepFunction,
  type WorkflowDefinition,
} from '../author/workflow.js';
import type { StepAnswer, StepQuestion } from '../model/workflow.js';
import { errorRecord, SlackwaterError } from '../platform/errors.js';
import { messageOf } from './read-state.js';
import { jsonText } from './result.js';

/** Elements of one `each`. */
const MOST_ELEMENTS = 100_000;
/** Of any calendar, ms since the epoch. */
const LAST_INSTANT = 8.64e15;

type Arguments = Parameters<StepFunction>[0];

/**
 * What the code of a release says about a step that is ready: whether it runs, for which elements, and with which payloads. Calls the author's functions and nothing
 * else; never throws. Whoever tells of a failure names the step.
 */
export function evaluate(
  workflows: ReadonlyMap<string, WorkflowDefinition>,
  question: StepQuestion,
): StepAnswer {
  try {
    const workflow = workflows.get(question.workflow);
    if (!workflow) throw notHere(`workflow "${question.workflow}"`);
    const payload = payloadOf(workflow, question.payload);
    if (question.step === null) return { verdict: 'fits' };
    const step = workflow.steps.find(({ name }) => name === question.step);
    if (!step) throw notHere(`step "${question.step}"`);
    const { scheduledFor, runId } = question;
    return answerOf(step, { payload, results: resultsOf(workflow, step, question), scheduledFor, runId });
  } catch (thrown) {
    return { verdict: 'failed', error: errorRecord(thrown) };
  }
}

function answerOf(step: StepDefinition, args: Arguments): StepAnswer {
  const call = (field: 'when' | 'each' | 'payload' | 'until', given: Arguments = args): unknown => {
    try {
      return settled(step[field]!(given));
    } catch (thrown) {
      const { name, message, stack } = errorRecord(thrown);
      throw Object.assign(new Error(`${field}: ${message}`), { name, stack });
    }
  };
  if (step.when && !call('when')) return { verdict: 'skip' };
  if (step.kind === 'signal' || (step.kind === 'wait' && !step.until)) return { verdict: 'fits' };
  if (step.kind === 'wait') return { verdict: 'wait', until: instantOf(call('until')) };
  if (!step.each) {
    const payload = step.payload ? call('payload') : args.payload;
    return { verdict: 'run', payloads: [payloadText(step, payload, null)] };
  }
  const items = call('each');
  if (!Array.isArray(items)) throw wrong(`each must give an array, not ${kindOf(items)}`);
  if (items.length > MOST_ELEMENTS)
    throw wrong(
      `each gave ${items.length} elements, and there may be ${MOST_ELEMENTS}: let an element be a batch`,
    );
  const payloads = items.map((item, index) => {
    const element = { ...args, item, index };
    return payloadText(step, step.payload ? call('payload', element) : item, index);
  });
  return { verdict: 'run', payloads };
}

/** As the author's functions see it. @throws SlackwaterError `invalid-payload` */
function payloadOf(workflow: WorkflowDefinition, text: string): unknown {
  let sent: unknown;
  try {
    sent = JSON.parse(text);
  } catch {
    throw new SlackwaterError('invalid-payload', `the payload of workflow "${workflow.name}" is not JSON`);
  }
  return parsed(workflow.payload, sent, `the payload does not fit workflow "${workflow.name}"`);
}

/** Results as they were kept; those of signals as their schema makes them. */
function resultsOf(
  workflow: WorkflowDefinition,
  step: StepDefinition,
  question: StepQuestion,
): Record<string, unknown> {
  const kept = step.after.map(name => {
    const texts = question.results[name] ?? null;
    const of = workflow.steps.find(each => each.name === name);
    if (of?.kind === 'wait' || texts === null) return [name, undefined];
    if (Array.isArray(texts))
      return [name, texts.map(text => (text === null ? undefined : JSON.parse(text)))];
    const value = JSON.parse(texts);
    return [
      name,
      of?.kind === 'signal' ? parsed(of.schema, value, `what signal "${name}" carried does not fit`) : value,
    ];
  });
  return Object.fromEntries(kept);
}

/** What the run of an element gets: checked as its job will read it. */
function payloadText({ runs }: StepDefinition, payload: unknown, index: number | null): string {
  const of = index === null ? 'the payload' : `the payload of element ${index}`;
  const text = jsonText(payload, of, 'Give');
  const target = runs as JobDefinition | WorkflowDefinition;
  const kind = isWorkflow(target) ? 'workflow' : 'job';
  if (target.payload) parsed(target.payload, JSON.parse(text), `${of} does not fit ${kind} "${target.name}"`);
  return text;
}

function parsed(schema: AnySchema | null, value: unknown, refusal: string): unknown {
  if (!schema) return value;
  let checked: ReturnType<typeof checkAgainst>;
  try {
    checked = checkAgainst(schema, value);
  } catch (error) {
    throw new SlackwaterError('invalid-payload', `${refusal}: the schema itself failed: ${messageOf(error)}`);
  }
  if (checked.ok) return checked.value;
  throw new SlackwaterError(
    'invalid-payload',
    `${refusal}: ${describeFaults(checked.errors)}`,
    checked.errors,
  );
}

function instantOf(value: unknown): number {
  const ms = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : value;
  if (typeof ms === 'number' && Math.abs(ms) <= LAST_INSTANT) return Math.round(ms);
  throw wrong(
    `until must give an instant (a Date, ISO 8601, or ms since the epoch), not ${typeof value === 'string' ? JSON.stringify(value) : typeof value === 'number' ? value : kindOf(value)}`,
  );
}

/** @throws where the function is asynchronous: its answer must be there at once. */
function settled(value: unknown): unknown {
  if (typeof (value as PromiseLike<unknown> | null | undefined)?.then !== 'function') return value;
  (value as Promise<unknown>).then(undefined, () => {});
  throw wrong('it gave a promise: what takes time belongs in a job, whose result this step then reads');
}

const kindOf = (value: unknown): string =>
  value === null || value === undefined
    ? String(value)
    : value instanceof Date
      ? String(value)
      : `a ${typeof value}`;

const notHere = (what: string) =>
  new SlackwaterError(
    'not-found',
    `${what} is not in this release: deploy one that has it, then retry the run`,
  );
const wrong = (message: string) => new SlackwaterError('bad-definition', message);
