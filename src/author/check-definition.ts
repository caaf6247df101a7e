import { type Duration, parseDuration } from '../platform/duration.js';
import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { checkVersions } from './check-versions.js';
import { type Fault, isRecord } from './fault.js';
import { isSchema } from './schema.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const OPTIONS = [
  'name',
  'queue',
  'payload',
  'checkpoint',
  'attempts',
  'backoff',
  'timeout',
  'concurrency',
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

function checkBackoff(backoff: unknown, fault: Fault): void {
  if (!isRecord(backoff) || !['fixed', 'exponential'].includes(backoff.type as string))
    return fault('/backoff', 'backoff must be { type: "fixed" or "exponential", delay: "5s" }');
  refuseUnknown(backoff, ['type', 'delay'], 'backoff.', fault);
  checkDuration(backoff.delay, 'backoff.delay', fault);
}

/** Its shape only: cron and zone are understood by the builder, which need not be linked into every release. */
function checkSchedule(schedule: unknown, fault: Fault): void {
  if (!isRecord(schedule) || typeof schedule.cron !== 'string')
    return fault('/schedule', 'schedule must be { cron: "30 2 * * *", timezone: "Europe/Berlin", … }');
  refuseUnknown(schedule, ['cron', 'timezone', 'missed', 'overlap', 'payload'], 'schedule.', fault);
  if (schedule.timezone !== undefined && typeof schedule.timezone !== 'string')
    fault('/schedule/timezone', 'schedule.timezone must be the name of a time zone, such as "Europe/Berlin"');
  checkChoice(schedule.missed, 'schedule.missed', ['latest', 'all', 'skip'], fault);
  checkChoice(schedule.overlap, 'schedule.overlap', ['skip', 'queue', 'replace'], fault);
}

function checkChoice(value: unknown, field: string, choices: string[], fault: Fault): void {
  if (value === undefined || choices.includes(value as string)) return;
  const shown = choices.map(each => `"${each}"`);
  fault(
    `/${field.replace('.', '/')}`,
    `${field} must be ${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`,
  );
}

function checkName(value: unknown, field: string, fault: Fault): void {
  if (typeof value === 'string' && NAME.test(value)) return;
  const shown = value === undefined ? `${field} is missing: it` : `${field} ${JSON.stringify(value)}`;
  fault(
    `/${field}`,
    `${shown} must start with a letter or digit and hold only letters, digits, ".", "_" and "-", at most 100`,
  );
}

function checkSchema(value: unknown, field: string, fault: Fault): void {
  if (isSchema(value)) return;
  const isZod3 = isRecord(value) && '_def' in value;
  const why = isZod3
    ? 'this is one of zod 3 or of another library: update to zod 4'
    : 'import * as z from "zod"';
  fault(`/${field.replace('.', '/')}`, `${field} must be a zod 4 schema such as z.object({ … }) (${why})`);
}

function checkCount(value: unknown, field: string, fault: Fault): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    fault(`/${field}`, `${field} must be a whole number from 1, not ${String(value)}`);
}

function checkDuration(value: unknown, field: string, fault: Fault): number | undefined {
  try {
    return parseDuration(value as Duration);
  } catch {
    const shown = JSON.stringify(value) ?? String(value);
    fault(
      `/${field.replace('.', '/')}`,
      `${field} ${shown} is not a duration: write "250ms", "90s", "10m" or "2h"`,
    );
    return undefined;
  }
}

function refuseUnknown(given: Record<string, unknown>, known: string[], prefix: string, fault: Fault): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    fault(
      `/${prefix.replace('.', '/')}${key}`,
      `${prefix}${key} is not an option: there are ${known.join(', ')}`,
    );
  }
}
