import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { didYouMean } from '../platform/near-names.js';
import { checkBackoff } from './check-definition.js';
import { checkSchedule } from './check-schedule.js';
import { checkChoice, checkCount, checkDuration, checkName, checkSchema, refuseUnknown } from './checks.js';
import { type Fault, isRecord } from './fault.js';
import { isJob } from './job.js';
import { isWorkflow, type WorkflowDefinition } from './workflow.js';

const OPTIONS = ['name', 'queue', 'payload', 'schedule'];
const STEP = ['after', 'payload', 'each', 'when', 'onFailure', 'attempts', 'backoff', 'timeout'];
const SIGNAL = ['after', 'when', 'payload', 'timeout', 'onTimeout'];
const WAIT = ['after', 'when', 'for', 'until'];
const MOST_STEPS = 200;

/** @throws SlackwaterError `bad-definition` with all faults, each with its pointer into the options. */
export function checkWorkflow(options: unknown): void {
  const name =
    isRecord(options) && typeof options.name === 'string' ? ` ${JSON.stringify(options.name)}` : '';
  checked(`workflow${name}`, '', fault => {
    if (!isRecord(options)) return fault('', 'defineWorkflow takes one object: { name, payload, … }');
    refuseUnknown(options, OPTIONS, '', fault);
    if ('steps' in options || 'run' in options)
      fault('/steps', 'a workflow gets its steps by .step("name", job, { after: […] })');
    checkName(options.name, 'name', fault);
    if (options.queue !== undefined) checkName(options.queue, 'queue', fault);
    if (options.payload !== undefined) checkSchema(options.payload, 'payload', fault);
    if (options.schedule !== undefined) checkSchedule(options.schedule, fault);
  });
}

/** @throws SlackwaterError `bad-definition` with all that is wrong with this step. */
export function checkStep(workflow: WorkflowDefinition, name: unknown, job: unknown, options: unknown): void {
  checkOne(workflow, name, options, STEP, (given, fault) => {
    checkRunnable(workflow, job, fault);
    for (const field of ['when', 'each', 'payload']) checkFunction(given[field], field, fault);
    checkChoice(given.onFailure, 'onFailure', ['stop', 'continue'], fault);
    for (const field of isWorkflow(job) ? ['attempts', 'backoff', 'timeout'] : [])
      if (given[field] !== undefined)
        fault(
          `/${field}`,
          `${field} is of a step that runs a job: give it to the steps of workflow "${(job as WorkflowDefinition).name}"`,
        );
    if (given.attempts !== undefined) checkCount(given.attempts, 'attempts', fault);
    if (given.backoff !== undefined) checkBackoff(given.backoff, fault);
    checkLimit(given.timeout, fault);
  });
}

/** @throws SlackwaterError `bad-definition` */
export function checkSignal(workflow: WorkflowDefinition, name: unknown, options: unknown): void {
  checkOne(workflow, name, options, SIGNAL, (given, fault) => {
    checkFunction(given.when, 'when', fault);
    if (given.payload !== undefined) checkSchema(given.payload, 'payload', fault);
    checkLimit(given.timeout, fault);
    checkChoice(given.onTimeout, 'onTimeout', ['fail', 'continue'], fault);
    if (given.onTimeout !== undefined && given.timeout === undefined)
      fault('/timeout', 'onTimeout has no meaning without a timeout: add timeout: "24h"');
  });
}

/** @throws SlackwaterError `bad-definition` */
export function checkWait(workflow: WorkflowDefinition, name: unknown, options: unknown): void {
  checkOne(workflow, name, options, WAIT, (given, fault) => {
    checkFunction(given.when, 'when', fault);
    if ((given.for === undefined) === (given.until === undefined))
      fault('/for', 'a wait has either for: "10m" or until: ({ payload }) => …, which gives an instant');
    if (given.for !== undefined) checkDuration(given.for, 'for', fault);
    checkFunction(given.until, 'until', fault);
  });
}

/** What steps of all kinds have in common. */
function checkOne(
  { name: workflow, steps }: WorkflowDefinition,
  name: unknown,
  options: unknown,
  known: string[],
  more: (given: Record<string, unknown>, fault: Fault) => void,
): void {
  const shown = typeof name === 'string' ? name : String(name);
  checked(`workflow "${workflow}", step ${JSON.stringify(shown)}`, `/steps/${shown}`, fault => {
    checkName(name, 'name', fault);
    if (steps.some(step => step.name === name))
      fault('/name', `there is a step "${shown}" already: give one of them another name`);
    if (steps.length >= MOST_STEPS)
      fault(
        '',
        `a workflow has at most ${MOST_STEPS} steps: make one of some of them, a workflow can be a step of another`,
      );
    if (!isRecord(options)) return fault('', `its options must be an object: { ${known.join(', ')} }`);
    refuseUnknown(options, known, '', fault);
    checkAfter(
      options.after,
      shown,
      steps.map(step => step.name),
      fault,
    );
    more(options, fault);
  });
}

function checkAfter(after: unknown, own: string, before: string[], fault: Fault): void {
  if (after === undefined) return;
  if (!Array.isArray(after))
    return fault(
      '/after',
      `after must be an array of names of steps: ["${typeof after === 'string' ? after : 'extract'}"]`,
    );
  for (const [i, name] of after.entries()) {
    if (after.indexOf(name) < i) fault(`/after/${i}`, `after names "${name}" twice: leave one out`);
    else if (name === own) fault(`/after/${i}`, `after names the step itself: leave it out`);
    else if (!before.includes(name)) fault(`/after/${i}`, unknown(name, before));
  }
}

function unknown(name: unknown, before: string[]): string {
  const all = `there are ${before.map(each => `"${each}"`).join(', ')}`;
  const hint = typeof name === 'string' ? didYouMean(name, before, all) : all;
  return `after names ${JSON.stringify(name)}, and no step of that name comes before it: ${before.length === 0 ? 'it is the first step' : hint}`;
}

function checkRunnable(workflow: WorkflowDefinition, job: unknown, fault: Fault): void {
  if (isWorkflow(job)) {
    if (job.name === workflow.name)
      fault('/job', `it runs workflow "${job.name}" itself, and would never end`);
    else if (job.steps.length === 0)
      fault('/job', `workflow "${job.name}" has no step: add them before it is used`);
  } else if (!isJob(job))
    fault(
      '/job',
      'the second argument must be a job made by defineJob, or a workflow made by defineWorkflow',
    );
}

function checkFunction(value: unknown, field: string, fault: Fault): void {
  if (value !== undefined && typeof value !== 'function')
    fault(`/${field}`, `${field} must be a function: ({ payload, results }) => …`);
}

function checkLimit(timeout: unknown, fault: Fault): void {
  if (timeout !== undefined && checkDuration(timeout, 'timeout', fault) === 0)
    fault('/timeout', 'timeout must be longer than 0: leave it out for no limit');
}

function checked(what: string, at: string, check: (fault: Fault) => void): void {
  const errors: FieldError[] = [];
  check((pointer, detail) => errors.push({ pointer: at + pointer, detail }));
  if (errors.length === 0) return;
  throw new SlackwaterError(
    'bad-definition',
    `${what}: ${errors.map(error => error.detail).join('; ')}`,
    errors,
  );
}
