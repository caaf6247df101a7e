import { Cron } from 'croner';
import * as z from 'zod';
import type { JobManifest, ScheduleManifest } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';
import type { JobDefinition } from './job.js';
import type { AnySchema } from './schema.js';
import { readableVersions, writableVersions } from './versions.js';

const AS = { target: 'draft-07', io: 'input', unrepresentable: 'any' } as const;

/** What the server knows of a job. @throws SlackwaterError `bad-definition` where a schema cannot be described. */
export function describeJob(job: JobDefinition): JobManifest {
  const { checkpoint } = job;
  return {
    name: job.name,
    queue: job.queue,
    payloadSchema: job.payload ? jsonSchemaOf(job.payload, job.name, 'payload') : {},
    checkpointVersion: checkpoint?.version ?? null,
    checkpointSchema: checkpoint ? jsonSchemaOf(checkpoint.schema, job.name, 'checkpoint.schema') : null,
    reads: checkpoint ? readableVersions(checkpoint) : [],
    writes: checkpoint ? writableVersions(checkpoint) : [],
    onRollback: checkpoint?.onRollback ?? 'repeat',
    attempts: job.attempts,
    backoff: { ...job.backoff },
    timeoutMs: job.timeoutMs,
    concurrency: job.concurrency,
  };
}

/** The job's schedule, understood. @throws SlackwaterError `bad-definition` for a cron or a time zone that is none. */
export function describeSchedule({ name, schedule }: JobDefinition): ScheduleManifest[] {
  if (!schedule) return [];
  const { cron, timezone } = schedule;
  try {
    new Cron(cron, { timezone, paused: true }).nextRun();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SlackwaterError(
      'bad-definition',
      `job "${name}": schedule ${JSON.stringify(cron)} in zone ${JSON.stringify(timezone)} cannot be understood: ${why}`,
      [{ pointer: '/schedule', detail: why }],
      { cause },
    );
  }
  return [{ job: name, ...schedule }];
}

/** By the schema's own copy of zod where it offers that: it knows its own kinds of schema best. */
function jsonSchemaOf(schema: AnySchema, job: string, field: string): Record<string, unknown> {
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
    throw new SlackwaterError('bad-definition', `job "${job}": ${field} has no JSON Schema: ${why}`, [], {
      cause,
    });
  }
}
