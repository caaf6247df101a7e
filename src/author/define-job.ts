import { parseDuration } from '../platform/duration.js';
import { checkDefinition } from './check-definition.js';
import { type AnyPayload, JOB, type Job, type JobOptions, type NoState } from './job.js';
import { flowDefinition } from './limits.js';
import { scheduleDefinition } from './schedule.js';
import type { AnySchema } from './schema.js';

/**
 * Defines a job: what it takes, what it saves, and what it does.
 * @throws SlackwaterError `bad-definition` that lists everything to change.
 */
export function defineJob<
  P extends AnySchema = AnyPayload,
  S extends AnySchema = NoState,
  const V extends number = number,
  R = unknown,
>(options: JobOptions<P, S, V, R>): Job<P, S, Awaited<R>> {
  checkDefinition(options);
  const { checkpoint, backoff, timeout } = options;
  const job = {
    [JOB]: 1,
    name: options.name,
    queue: options.queue ?? 'default',
    payload: options.payload ?? null,
    checkpoint: checkpoint
      ? {
          version: checkpoint.version,
          schema: checkpoint.schema,
          upgrade: { ...checkpoint.upgrade },
          downgrade: { ...checkpoint.downgrade },
          everyMs: parseDuration(checkpoint.every ?? 250),
          onRollback: checkpoint.onRollback ?? 'repeat',
        }
      : null,
    attempts: options.attempts ?? 1,
    backoff: { type: backoff?.type ?? 'exponential', delayMs: parseDuration(backoff?.delay ?? '1s') },
    timeoutMs: timeout === undefined ? null : parseDuration(timeout),
    concurrency: options.concurrency ?? null,
    ...flowDefinition(options),
    schedule: options.schedule ? scheduleDefinition(options.schedule) : null,
    // A method of the options object, so that `this` is what the author wrote.
    run: options.run.bind(options),
  };
  return Object.freeze(job) as unknown as Job<P, S, Awaited<R>>;
}
