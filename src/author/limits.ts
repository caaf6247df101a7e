import type { JobManifest } from '../model/release.js';
import { type Duration, parseDuration } from '../platform/duration.js';
import { SlackwaterError } from '../platform/errors.js';

/** How many runs of a job there may be over all hosts. Each part may be left out. */
export interface LimitOptions {
  /** Under way at once. */
  concurrency?: number;
  /** Under way at once with the same concurrency key. Default, where runs have one: 1. */
  perKey?: number;
  /** In no span of `per` do more than `max` begin. */
  rate?: { max: number; per: Duration };
}

/** How long ended runs of a job are kept. What is left out is as configured. */
export interface RetentionOptions {
  completed?: Duration;
  /** Failed and cancelled ones; parked ones stay until a person has decided. */
  failed?: Duration;
}

/** What a definition has of them: nothing where the author said nothing, so that a manifest without them is what it always was. */
export type FlowDefinition = Pick<JobManifest, 'limit' | 'concurrencyKey' | 'retention'>;

export function flowDefinition(given: {
  limit?: LimitOptions;
  concurrencyKey?: string;
  retention?: RetentionOptions;
}): FlowDefinition {
  const { limit, concurrencyKey, retention } = given;
  return {
    ...(limit && {
      limit: {
        ...(limit.concurrency !== undefined && { concurrency: limit.concurrency }),
        ...(limit.perKey !== undefined && { perKey: limit.perKey }),
        ...(limit.rate && { rate: { max: limit.rate.max, perMs: parseDuration(limit.rate.per) } }),
      },
    }),
    ...(concurrencyKey !== undefined && { concurrencyKey }),
    ...(retention && {
      retention: {
        ...(retention.completed !== undefined && { completedMs: parseDuration(retention.completed) }),
        ...(retention.failed !== undefined && { failedMs: parseDuration(retention.failed) }),
      },
    }),
  };
}

/** A mistyped path would be no limit at all. @throws SlackwaterError `bad-definition` where the payload, by its JSON Schema, has nothing there. */
export function checkKeyPath(job: string, path: string, payloadSchema: Record<string, unknown>): void {
  let schema: unknown = payloadSchema;
  for (const name of path.split('.')) {
    const { type, properties } = (schema ?? {}) as { type?: unknown; properties?: Record<string, unknown> };
    // Of a choice of shapes, a list or a record nothing can be said.
    if (type !== 'object' || properties === undefined) return;
    if (!Object.hasOwn(properties, name)) {
      const known = Object.keys(properties).join(', ');
      const detail = `concurrencyKey "${path}": the payload has no ${JSON.stringify(name)} there, only ${known || 'nothing'}`;
      throw new SlackwaterError('bad-definition', `job "${job}": ${detail}`, [
        { pointer: '/concurrencyKey', detail },
      ]);
    }
    schema = properties[name];
  }
}
