import { createHash } from 'node:crypto';
import { formatDuration } from '../platform/duration.js';
import type { JobManifest } from './release.js';
import type { HeldBy } from './run.js';

/** How many runs of a job may be under way at once, over all hosts. */
export interface Limits {
  /** `null`: any number. */
  concurrency: number | null;
  /** Of those with the same concurrency key. */
  perKey: number;
  /** So many may begin in any span of this length; `null`: any number. */
  rate: { max: number; perMs: number } | null;
}

export const limitsOf = (job: JobManifest | undefined): Limits => ({
  concurrency: job?.limit?.concurrency ?? null,
  perKey: job?.limit?.perKey ?? 1,
  rate: job?.limit?.rate ?? null,
});

/** Whether a run of this job needs a seat before it starts. */
export const isLimited = (job: JobManifest | undefined, key: string | null): boolean =>
  job?.limit !== undefined || key !== null;

/** A key names keys in Redis: a longer one is told apart by its hash. */
const LONGEST = 200;

/**
 * The concurrency key of a run; `null`: it has none.
 * @param given with its request. @param payload JSON text, as it was sent.
 */
export function keyOf(job: JobManifest | undefined, given: string | null, payload: string): string | null {
  const key = given ?? (job?.concurrencyKey === undefined ? null : valueAt(job.concurrencyKey, payload));
  if (key === null || key.length <= LONGEST) return key;
  return `${key.slice(0, 100)}…${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

function valueAt(path: string, payload: string): string | null {
  let value: unknown = JSON.parse(payload);
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : null;
}

/** Which limit a run waits for, as the store keeps it. */
export interface Waits {
  limit: NonNullable<HeldBy['limit']>;
  most: number;
  key?: string;
  perMs?: number;
}

export function heldByLimit({ limit, most, key, perMs }: Waits): HeldBy {
  const runs = `at most ${most} run${most === 1 ? '' : 's'}`;
  const reason =
    limit === 'rate'
      ? `${runs} of its job may begin in ${formatDuration(perMs ?? 0)}`
      : limit === 'perKey'
        ? `${runs} of its job with the concurrency key ${JSON.stringify(key)} at once`
        : `${runs} of its job at once`;
  return { limit, reason, until: null };
}
