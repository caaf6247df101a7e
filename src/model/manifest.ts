import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { faultOf } from '../platform/cron.js';
import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { type Manifest, manifestSchema, type Release, type ScheduleManifest } from './release.js';
import { workflowFaults } from './workflow-faults.js';

/** All files of one release together, bytes. What a pushed release may weigh unless the server is told otherwise. */
export const MAX_RELEASE_BYTES = 50 * 1024 * 1024;

/**
 * Reads a manifest that came from outside: its shape, and what a shape alone cannot say (the entry is a file, names are unique).
 * @throws SlackwaterError `invalid-manifest` with a pointer for each fault.
 */
export function parseManifest(input: unknown): Manifest {
  const parsed = manifestSchema.safeParse(input);
  const errors = parsed.success ? faultsOf(parsed.data) : parsed.error.issues.map(fieldError);
  if (parsed.success && errors.length === 0) return parsed.data;
  const shown = errors.slice(0, 3).map(({ pointer, detail }) => `${pointer || 'the document'}: ${detail}`);
  const more = errors.length > shown.length ? ` (and ${errors.length - shown.length} more)` : '';
  throw new SlackwaterError(
    'invalid-manifest',
    `this is not a release manifest. ${shown.join('; ')}${more}. Send what \`slackwater release build\` wrote, unchanged`,
    errors,
  );
}

function faultsOf(manifest: Manifest): FieldError[] {
  const errors: FieldError[] = [];
  if (!manifest.files.some(file => file.path === manifest.entry))
    errors.push({
      pointer: '/entry',
      detail: `must be the path of one of the files, not "${manifest.entry}"`,
    });
  const unique = (list: 'files' | 'jobs' | 'workflows' | 'schedules', field: string, values: string[]) => {
    for (const [i, value] of values.entries())
      if (values.indexOf(value) < i)
        errors.push({ pointer: `/${list}/${i}/${field}`, detail: `"${value}" stands there twice` });
  };
  unique(
    'files',
    'path',
    manifest.files.map(file => file.path),
  );
  unique(
    'jobs',
    'name',
    manifest.jobs.map(job => job.name),
  );
  unique(
    'workflows',
    'name',
    manifest.workflows.map(workflow => workflow.name),
  );
  unique(
    'schedules',
    'job',
    manifest.schedules.map(schedule => schedule.job),
  );
  for (const [i, schedule] of manifest.schedules.entries())
    errors.push(...scheduleFaults(schedule, i, manifest));
  return [...errors, ...workflowFaults(manifest)];
}

function scheduleFaults(schedule: ScheduleManifest, i: number, { jobs, workflows }: Manifest): FieldError[] {
  const runnable = [...jobs, ...workflows];
  const errors: FieldError[] = [];
  if (!runnable.some(({ name }) => name === schedule.job))
    errors.push({
      pointer: `/schedules/${i}/job`,
      detail: `"${schedule.job}" is no job or workflow of this release`,
    });
  // One that fires no more was built while it did, and does no harm; one that never did was not built by us.
  const fault = faultOf(schedule, 0);
  if (fault) errors.push({ pointer: `/schedules/${i}/${fault.field}`, detail: fault.why });
  const { startsAt, endsAt } = schedule;
  if (startsAt !== undefined && endsAt !== undefined && Date.parse(endsAt) <= Date.parse(startsAt))
    errors.push({ pointer: `/schedules/${i}/endsAt`, detail: 'must be later than startsAt' });
  return errors;
}

function fieldError(issue: z.core.$ZodIssue): FieldError {
  const escaped = (part: PropertyKey) => String(part).replaceAll('~', '~0').replaceAll('/', '~1');
  return { pointer: issue.path.map(part => `/${escaped(part)}`).join(''), detail: issue.message };
}

/** The manifest of a stored release: `manifestDigest` of it is the release's digest again. */
export const manifestOf = (release: Release): Manifest => ({
  format: 1,
  app: release.app,
  entry: release.entry,
  files: release.files,
  jobs: release.jobs,
  workflows: release.workflows,
  schedules: release.schedules,
});

/** Queues in which runs of its jobs and workflows stand. */
export const queuesOf = ({ jobs, workflows }: Pick<Manifest, 'jobs' | 'workflows'>): string[] => [
  ...new Set([...jobs, ...workflows].map(({ queue }) => queue)),
];

export const bytesOf = (manifest: Pick<Manifest, 'files'>): number =>
  manifest.files.reduce((sum, file) => sum + file.bytes, 0);

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Reads every file of a release and compares size and SHA-256.
 * @returns the files by path.
 * @throws SlackwaterError `digest-mismatch` that names the first file which is missing or another.
 */
export async function verifyFiles(
  manifest: Pick<Manifest, 'files'>,
  read: (file: Manifest['files'][number]) => Promise<Uint8Array | null>,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const file of manifest.files) {
    const bytes = await read(file);
    if (bytes === null)
      throw new SlackwaterError(
        'digest-mismatch',
        `${file.path} of the release is missing: build or fetch it again`,
      );
    if (bytes.length !== file.bytes || sha256Of(bytes) !== file.sha256)
      throw new SlackwaterError(
        'digest-mismatch',
        `${file.path} is not the file that the manifest names (${bytes.length} bytes, ${file.bytes} expected; or other content): build or fetch the release again`,
      );
    files.set(file.path, bytes);
  }
  return files;
}
