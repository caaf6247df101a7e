import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { checkLimits } from './check-limits.js';
import { checkSchedule } from './check-schedule.js';
import { checkVersions } from './check-versions.js';
import { checkChoice, checkCount, checkDuration, checkName, checkSchema, refuseUnknown } from './checks.js';
import { type Fault, isRecord } from './fault.js';

const OPTIONS = [
  'name',
  'queue',
  'payload',
  'checkpoint',
  'attempts',
  'backoff',
  'timeout',
  'concurrency',
  'limit',
  'concurrencyKey',
  'retention',
  'schedule',
  'run',
];
const CHECKPOINT_OPTIONS = ['version', 'schema', 'upgrade', 'downgrade', 'every', 'onRollback'];

/**
 * Everything that the types cannot show, or that JavaScript lets through.
 * @throws SlackwaterError `bad-definition` with all faults, each with its pointer into the options.
 */
export function checkDefinition(options: unknown): void {
  const errors: FieldError[] = [];
  const fault: Fault = (pointer, detail) => errors.push({ pointer, detail });
  if (isRecord(options)) checkOptions(options, fault);
  else fault('', 'defineJob takes one object: { name, payload, run, … }');
  if (errors.length === 0) return;
  const name =
    isRecord(options) && typeof options.name === 'string' ? ` ${JSON.stringify(options.name)}` : '';
  throw new SlackwaterError(
    'bad-definition',
    `job${name}: ${errors.map(error => error.detail).join('; ')}`,
    errors,
  );
}

function checkOptions(options: Record<string, unknown>, fault: Fault): void {
  const { name, queue, payload, checkpoint, attempts, backoff, timeout, concurrency, schedule, run } =
    options;
  refuseUnknown(options, OPTIONS, '', fault);
  checkName(name, 'name', fault);
  if (queue !== undefined) checkName(queue, 'queue', fault);
  if (payload !== undefined) checkSchema(payload, 'payload', fault);
  if (checkpoint !== undefined) checkCheckpoint(checkpoint, fault);
  if (attempts !== undefined) checkCount(attempts, 'attempts', fault);
  if (concurrency !== undefined) checkCount(concurrency, 'concurrency', fault);
  checkLimits(options, fault);
  if (timeout !== undefined && checkDuration(timeout, 'timeout', fault) === 0)
    fault('/timeout', 'timeout must be longer than 0: leave it out for no limit');
  if (backoff !== undefined) checkBackoff(backoff, fault);
  if (schedule !== undefined) checkSchedule(schedule, fault);
  if (typeof run !== 'function') fault('/run', 'run must be a function: async run(ctx, payload) { … }');
}

function checkCheckpoint(checkpoint: unknown, fault: Fault): void {
  if (!isRecord(checkpoint))
    return fault('/checkpoint', 'checkpoint must be an object: { version: 1, schema: z.object({ … }) }');
  refuseUnknown(checkpoint, CHECKPOINT_OPTIONS, 'checkpoint.', fault);
  checkSchema(checkpoint.schema, 'checkpoint.schema', fault);
  checkVersions(checkpoint, fault);
  if (checkpoint.every !== undefined) checkDuration(checkpoint.every, 'checkpoint.every', fault);
  checkChoice(checkpoint.onRollback, 'checkpoint.onRollback', ['repeat', 'park'], fault);
}

export function checkBackoff(backoff: unknown, fault: Fault): void {
  if (!isRecord(backoff) || !['fixed', 'exponential'].includes(backoff.type as string))
    return fault('/backoff', 'backoff must be { type: "fixed" or "exponential", delay: "5s" }');
  refuseUnknown(backoff, ['type', 'delay'], 'backoff.', fault);
  checkDuration(backoff.delay, 'backoff.delay', fault);
}
