import { type Duration, parseDuration } from '../platform/duration.js';
import { checkSignal, checkStep, checkWait, checkWorkflow } from './check-workflow.js';
import type { AnyPayload } from './job.js';
import { isJob } from './job.js';
import { scheduleDefinition } from './schedule.js';
import type { AnySchema } from './schema.js';
import {
  type Runnable,
  type StepDefinition,
  type StepFunction,
  WORKFLOW,
  type Workflow,
  type WorkflowDefinition,
  type WorkflowOptions,
} from './workflow.js';

/**
 * Defines a workflow: a graph of steps, each running a job. Add steps with `.step`, `.signal` and `.wait`, those that come before others first.
 * @throws SlackwaterError `bad-definition` that lists everything to change.
 */
export function defineWorkflow<P extends AnySchema = AnyPayload>(options: WorkflowOptions<P>): Workflow<P> {
  checkWorkflow(options);
  return built({
    name: options.name,
    queue: options.queue ?? 'default',
    payload: options.payload ?? null,
    schedule: options.schedule ? scheduleDefinition(options.schedule) : null,
    steps: [],
  }) as Workflow<P>;
}

/** The options of a step of any kind, as they are when they have been checked. */
interface Given {
  after?: readonly string[];
  when?: StepFunction;
  each?: StepFunction;
  payload?: unknown;
  until?: StepFunction;
  onFailure?: 'stop' | 'continue';
  onTimeout?: 'fail' | 'continue';
  attempts?: number;
  backoff?: { type: 'fixed' | 'exponential'; delay: Duration };
  timeout?: Duration;
  for?: Duration;
}

/** The definition with the methods that add to it. */
function built(workflow: WorkflowDefinition): object {
  const add = (step: StepDefinition) => built({ ...workflow, steps: [...workflow.steps, step] });
  return Object.freeze({
    [WORKFLOW]: 1,
    ...workflow,
    step(name: string, job: Runnable, options: Given = {}) {
      checkStep(workflow, name, job, options);
      return add(jobStep(name, job as StepDefinition['runs'], options));
    },
    signal(name: string, options: Given = {}) {
      checkSignal(workflow, name, options);
      return add(signalStep(name, options));
    },
    wait(name: string, options: Given) {
      checkWait(workflow, name, options);
      return add(waitStep(name, options));
    },
  });
}

function jobStep(name: string, runs: StepDefinition['runs'], options: Given): StepDefinition {
  const { backoff, attempts, timeout, onFailure } = options;
  return step(name, isJob(runs) ? 'job' : 'workflow', options, {
    runs,
    each: options.each ?? null,
    payload: (options.payload as StepFunction | undefined) ?? null,
    onFailure: onFailure ?? 'stop',
    attempts: attempts ?? null,
    backoff: backoff ? { type: backoff.type, delayMs: parseDuration(backoff.delay) } : null,
    timeoutMs: timeout === undefined ? null : parseDuration(timeout),
  });
}

function signalStep(name: string, options: Given): StepDefinition {
  return step(name, 'signal', options, {
    schema: (options.payload as AnySchema | undefined) ?? null,
    onFailure: options.onTimeout === 'continue' ? 'continue' : 'stop',
    timeoutMs: options.timeout === undefined ? null : parseDuration(options.timeout),
  });
}

function waitStep(name: string, options: Given): StepDefinition {
  return step(name, 'wait', options, {
    until: options.until ?? null,
    waitMs: options.for === undefined ? null : parseDuration(options.for),
  });
}

function step(
  name: string,
  kind: StepDefinition['kind'],
  { after = [], when }: Given,
  own: Partial<StepDefinition>,
): StepDefinition {
  return Object.freeze({
    name,
    kind,
    runs: null,
    schema: null,
    after: [...after],
    when: when ?? null,
    each: null,
    payload: null,
    until: null,
    onFailure: 'stop' as const,
    attempts: null,
    backoff: null,
    timeoutMs: null,
    waitMs: null,
    ...own,
  });
}
