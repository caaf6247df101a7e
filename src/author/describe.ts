import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { JobManifest, ScheduleManifest } from '../model/release.js';
import type { StepManifest, WorkflowManifest } from '../model/workflow.js';
import { faultOf } from '../platform/cron.js';
import { type FieldError, SlackwaterError } from '../platform/errors.js';
import type { JobDefinition } from './job.js';
import { checkKeyPath } from './limits.js';
import type { ScheduleDefinition } from './schedule.js';
import { type AnySchema, checkAgainst } from './schema.js';
import { readableVersions, writableVersions } from './versions.js';
import type { StepDefinition, WorkflowDefinition } from './workflow.js';

const AS = { target: 'draft-07', io: 'input', unrepresentable: 'any' } as const;

/** What the server knows of a job. @throws SlackwaterError `bad-definition` where a schema cannot be described. */
export function describeJob(job: JobDefinition): JobManifest {
  const { checkpoint, limit, concurrencyKey, retention } = job;
  const payloadSchema = job.payload ? jsonSchemaOf(job.payload, `job "${job.name}"`, 'payload') : {};
  if (concurrencyKey !== undefined) checkKeyPath(job.name, concurrencyKey, payloadSchema);
  return {
    name: job.name,
    queue: job.queue,
    payloadSchema,
    checkpointVersion: checkpoint?.version ?? null,
    checkpointSchema: checkpoint
      ? jsonSchemaOf(checkpoint.schema, `job "${job.name}"`, 'checkpoint.schema')
      : null,
    reads: checkpoint ? readableVersions(checkpoint) : [],
    writes: checkpoint ? writableVersions(checkpoint) : [],
    onRollback: checkpoint?.onRollback ?? 'repeat',
    attempts: job.attempts,
    backoff: { ...job.backoff },
    timeoutMs: job.timeoutMs,
    concurrency: job.concurrency,
    ...(limit && { limit }),
    ...(concurrencyKey !== undefined && { concurrencyKey }),
    ...(retention && { retention }),
  };
}

/** What the server knows of a workflow. @throws SlackwaterError `bad-definition` where a schema cannot be described. */
export function describeWorkflow({ name, queue, payload, steps }: WorkflowDefinition): WorkflowManifest {
  const of = `workflow "${name}"`;
  return {
    name,
    queue,
    payloadSchema: payload ? jsonSchemaOf(payload, of, 'payload') : {},
    steps: steps.map(step => describeStep(step, of)),
  };
}

function describeStep(step: StepDefinition, of: string): StepManifest {
  const { name, kind, runs, schema, after, onFailure, attempts, backoff, timeoutMs, waitMs } = step;
  const described = schema && jsonSchemaOf(schema, `${of}, step "${name}"`, 'payload');
  return {
    name,
    kind,
    runs: runs?.name ?? null,
    after: [...after],
    each: step.each !== null,
    when: step.when !== null,
    payload: step.payload !== null,
    onFailure,
    attempts,
    backoff: backoff && { ...backoff },
    timeoutMs,
    waitMs,
    signalSchema: kind === 'signal' ? (described ?? {}) : null,
  };
}

/**
 * The schedule of a job or workflow, understood.
 * @param of for messages: `job "nightly"`. @throws SlackwaterError `bad-definition` for a cron or a time zone that is none, and a payload that does not fit.
 */
export function describeSchedule(
  {
    name,
    schedule,
    payload,
  }: { name: string; schedule: ScheduleDefinition | null; payload: AnySchema | null },
  of = `job "${name}"`,
): ScheduleManifest[] {
  if (!schedule) return [];
  const { except, ...rest } = schedule;
  const errors = [...timeFaults(schedule), ...payloadFaults(schedule.payload, payload)];
  if (errors.length === 0) return [{ job: name, ...rest, ...(except && { except: [...except] }) }];
  throw new SlackwaterError(
    'bad-definition',
    `${of}: ${errors.map(({ pointer, detail }) => `${pointer.slice(1).replaceAll('/', '.')}: ${detail}`).join('; ')}`,
    errors,
  );
}

function timeFaults(schedule: ScheduleDefinition): FieldError[] {
  const fault = faultOf(schedule);
  return fault ? [{ pointer: `/schedule/${fault.field}`, detail: fault.why }] : [];
}

/** What the run of a fire would be refused for. */
function payloadFaults(payload: unknown, schema: AnySchema | null): FieldError[] {
  const at = '/schedule/payload';
  if (!isJson(payload))
    return [
      { pointer: at, detail: 'must be JSON: texts, numbers, true, false, null, lists and plain objects' },
    ];
  let checked: ReturnType<typeof checkAgainst> = { ok: true, value: payload };
  try {
    if (schema) checked = checkAgainst(schema, payload);
  } catch {
    // A schema that can only be asked asynchronously: the run will tell.
  }
  if (checked.ok) return [];
  return checked.errors.map(({ pointer, detail }) => ({
    pointer: at + pointer,
    detail: `${detail} (it does not fit the payload that is asked for)`,
  }));
}

function isJson(value: unknown): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value);
  } catch {
    return false;
  }
}

/** By the schema's own copy of zod where it offers that: it knows its own kinds of schema best. */
function jsonSchemaOf(schema: AnySchema, of: string, field: string): Record<string, unknown> {
  const own = (schema as { toJSONSchema?: (params: typeof AS) => object }).toJSONSchema;
  try {
    const described =
      typeof own === 'function'
        ? own.call(schema, AS)
        : z.toJSONSchema(schema as unknown as z.core.$ZodType, AS);
    // Own properties only, as plain JSON: zod hangs a validator on the result.
    return JSON.parse(JSON.stringify(described));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SlackwaterError('bad-definition', `${of}: ${field} has no JSON Schema: ${why}`, [], {
      cause,
    });
  }
}
