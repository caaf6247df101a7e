import type { EnqueueOptions } from '../model/messages.js';
import type { JobManifest } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';
import { enqueueRun } from '../queue/enqueue.js';
import type { Queues } from '../queue/queues.js';
import { listApps, readIntent } from '../store/intents.js';
import type { Store } from '../store/redis.js';
import { getRelease } from '../store/releases.js';

/**
 * Stores a run that a run of this app asked for. Its ID was made by the worker from the parent's, so asking twice stores one run. The job, or workflow, is looked for in
 * the app's own current release first, then in those of all others.
 */
export function enqueueChild(
  store: Store,
  queues: Queues,
  retention: { completedMs: number; failedMs: number },
) {
  const jobsOf = rememberJobs(store);
  return async (
    app: string,
    id: string,
    name: string,
    payload: string,
    options: EnqueueOptions,
  ): Promise<string> => {
    const own = await jobsOf(app);
    const found = own.has(name) ? [{ app, job: own.get(name)! }] : await elsewhere(store, jobsOf, name);
    const [only, second] = found;
    if (!only)
      throw new SlackwaterError(
        'not-found',
        `no current release has a job ${name}: deploy one that has, or mend the name`,
      );
    if (second)
      throw new SlackwaterError(
        'conflict',
        `job ${name} is in the apps ${found.map(each => each.app).join(' and ')}: rename one of them`,
      );
    const request = { id, payload: JSON.parse(payload) as unknown, ...options, app: only.app, retention };
    return (await enqueueRun(store, queues, only.job, request)).id;
  };
}

/** Jobs and workflows, which can be asked for alike. */
type Jobs = ReadonlyMap<string, Pick<JobManifest, 'name' | 'queue'>>;

async function elsewhere(store: Store, jobsOf: (app: string) => Promise<Jobs>, name: string) {
  const apps = await listApps(store);
  const jobs = await Promise.all(apps.map(jobsOf));
  return apps.flatMap((app, i) => (jobs[i]!.has(name) ? [{ app, job: jobs[i]!.get(name)! }] : []));
}

/** The jobs of an app's current release. A release never changes, so each is read once. */
function rememberJobs(store: Store): (app: string) => Promise<Jobs> {
  const known = new Map<string, { release: string; jobs: Jobs }>();
  return async app => {
    const release = (await readIntent(store, app))?.release;
    if (!release) return new Map();
    const before = known.get(app);
    if (before?.release === release) return before.jobs;
    const { jobs: ofRelease, workflows } = await getRelease(store, release);
    const jobs: Jobs = new Map([...ofRelease, ...workflows].map(job => [job.name, job]));
    known.set(app, { release, jobs });
    return jobs;
  };
}
