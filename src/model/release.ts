import { createHash } from 'node:crypto';
import * as z from 'zod';
import { isDayOrYearly } from '../platform/days.js';
import { MOST_MS } from '../platform/duration.js';
import { nameSchema } from './name.js';
import { type WorkflowManifest, workflowManifestSchema } from './workflow.js';

export { nameSchema };

/** Lower-case hex SHA-256. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits (SHA-256)');

const jsonSchema = z.record(z.string(), z.unknown()).describe('JSON Schema, draft 7');

const most = z.int().min(1).max(10_000);

/** A job as the server knows it: everything here is read from the definition, no job code runs in a server. */
export const jobManifestSchema = z.strictObject({
  name: nameSchema,
  queue: nameSchema,
  payloadSchema: jsonSchema,
  /** `null`: this job cannot be stopped half-way. */
  checkpointVersion: z.int().min(1).nullable(),
  checkpointSchema: jsonSchema.nullable(),
  /** Versions from which states can be brought up to `checkpointVersion`, that version included. */
  reads: z.array(z.int().min(1)),
  /** Versions to which states can be brought down, `checkpointVersion` included. */
  writes: z.array(z.int().min(1)),
  onRollback: z.enum(['repeat', 'park']),
  attempts: z.int().min(1),
  backoff: z.strictObject({ type: z.enum(['fixed', 'exponential']), delayMs: z.int().min(0) }),
  timeoutMs: z.int().positive().max(MOST_MS).nullable(),
  /** Runs of this job at once in one worker; `null`: as many as the host hands over. */
  concurrency: z.int().min(1).nullable(),
  /** Over all hosts. */
  limit: z
    .strictObject({
      concurrency: most.optional(),
      perKey: most.optional(),
      rate: z.strictObject({ max: most, perMs: z.int().positive() }).optional(),
    })
    .optional(),
  /** Where in a payload the concurrency key is: names with dots between. */
  concurrencyKey: z.string().min(1).max(200).optional(),
  retention: z
    .strictObject({ completedMs: z.int().positive().optional(), failedMs: z.int().positive().optional() })
    .optional(),
});
export type JobManifest = z.infer<typeof jobManifestSchema>;

const instantSchema = z.iso.datetime();
/** A fire starts within a day of its instant. */
const MOST_JITTER_MS = 86_400_000;

/**
 * When a job or workflow is to be run by itself: one schedule each, by its name. What the author left out that was added to the manifest later is not there, so that
 * the digest of an older release stays what it was.
 */
const scheduleManifestSchema = z.strictObject({
  /** Of the job or workflow. */
  job: nameSchema,
  cron: z.string().min(1).max(200),
  timezone: z.string().min(1).max(100),
  missed: z.enum(['latest', 'all', 'skip']),
  overlap: z.enum(['skip', 'queue', 'replace']),
  payload: z.unknown(),
  jitterMs: z.int().min(0).max(MOST_JITTER_MS, 'must be at most one day').optional(),
  /** No fire before this, and none from the other on. */
  startsAt: instantSchema.optional(),
  endsAt: instantSchema.optional(),
  /** `2026-12-25`, or `12-25` for every year. */
  except: z
    .array(z.string().refine(isDayOrYearly, 'must be a day such as "2026-12-25", or "12-25" for every year'))
    .max(1_000)
    .optional(),
  maxMissed: z.int().min(1).max(1_000).optional(),
  maxAgeMs: z.int().positive().optional(),
});
export type ScheduleManifest = z.infer<typeof scheduleManifestSchema>;

const fileManifestSchema = z.strictObject({
  path: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/)
    .refine(path => !path.split('/').includes('..'), 'must stay inside the release'),
  sha256: sha256Schema,
  bytes: z.int().min(0),
});

/** What `release build` writes and `POST /v1/releases` takes. The digest is that of this document in canonical JSON. */
export const manifestSchema = z.strictObject({
  format: z.literal(1),
  app: nameSchema,
  /** The module that a worker imports. Always one of `files`. */
  entry: z.string(),
  files: z.array(fileManifestSchema).min(1).max(1_000),
  jobs: z.array(jobManifestSchema).max(1_000),
  workflows: z.array(workflowManifestSchema).max(1_000).default([]),
  schedules: z.array(scheduleManifestSchema).max(1_000).default([]),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** A release as it is stored and answered. `id` is the first 12 hex digits of `digest`. */
export interface Release {
  id: string;
  app: string;
  digest: string;
  createdAt: string;
  bytes: number;
  jobs: JobManifest[];
  workflows: WorkflowManifest[];
  schedules: ScheduleManifest[];
  entry: string;
  files: z.infer<typeof fileManifestSchema>[];
}

/** JSON with sorted keys and no white space: equal documents give equal bytes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}

/** The name of a release: the SHA-256 of its manifest, which holds the SHA-256 of every file. */
export const manifestDigest = (manifest: Manifest): string =>
  createHash('sha256').update(canonicalJson(manifest)).digest('hex');
export const releaseIdOf = (digest: string): string => digest.slice(0, 12);
