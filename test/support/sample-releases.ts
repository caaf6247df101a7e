import type { JobManifest, Release, ScheduleManifest } from '../../src/model/release.js';
import type { Store } from '../../src/store/redis.js';
import { sampleIntent } from './window-samples.js';

/** Stores the record of a release without files: enough for whatever never starts a worker. @returns its ID */
export async function sampleRelease(
  store: Store,
  letter: string,
  options: { app?: string; jobs?: Partial<JobManifest>[]; schedules?: Partial<ScheduleManifest>[] } = {},
): Promise<string> {
  const digest = letter.repeat(64);
  const release: Release = {
    id: digest.slice(0, 12),
    app: options.app ?? 'billing',
    digest,
    createdAt: new Date(0).toISOString(),
    bytes: 0,
    jobs: (options.jobs ?? [{}]).map(job => ({ ...sampleJob, ...job })),
    workflows: [],
    schedules: (options.schedules ?? []).map(schedule => ({ ...sampleSchedule, ...schedule })),
    entry: 'main.js',
    files: [],
  };
  await store.redis.hset(store.keys.release(release.id), 'json', JSON.stringify(release));
  return release.id;
}

/** What the engine writes at the end of a first window: this release is current, and nothing is asked of anybody. */
export async function makeCurrent(
  { redis, keys }: Store,
  { app, id }: Pick<Release, 'app' | 'id'>,
): Promise<void> {
  const asked = { window: null, standby: null, proofRound: 0, revision: 1, term: 0 };
  await redis.sadd(keys.apps, app);
  await redis.set(keys.intent(app), JSON.stringify(sampleIntent({ app, release: id, ...asked })));
}

const sampleSchedule: ScheduleManifest = {
  job: 'invoice',
  cron: '0 2 * * *',
  timezone: 'UTC',
  missed: 'latest',
  overlap: 'skip',
  payload: {},
};

export const sampleJob: JobManifest = {
  name: 'invoice',
  queue: 'reports',
  payloadSchema: {},
  checkpointVersion: 1,
  checkpointSchema: {},
  reads: [1],
  writes: [1],
  onRollback: 'repeat',
  attempts: 1,
  backoff: { type: 'fixed', delayMs: 0 },
  timeoutMs: null,
  concurrency: null,
};
