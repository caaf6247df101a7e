import type { JobManifest, Release } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';
import { listApps, readIntent } from '../store/intents.js';
import type { Store } from '../store/redis.js';
import { getRelease, listReleases } from '../store/releases.js';
import { nearNames } from './near-names.js';

export interface CurrentJob {
  app: string;
  release: string;
  job: JobManifest;
}

/** The jobs of the current releases of all apps, as the manifests tell of them. */
export interface JobCatalog {
  all(app?: string): Promise<CurrentJob[]>;
  /** @throws SlackwaterError `not-found` that names near names, or says to deploy first; `conflict` where several apps have this job. */
  find(name: string, app?: string): Promise<CurrentJob>;
}

/** Releases never change, so those in use are kept; a push or a swap only changes which are. */
export function createJobCatalog(store: Store): JobCatalog {
  const kept = new Map<string, Release>();

  async function release(id: string): Promise<Release> {
    const known = kept.get(id) ?? (await getRelease(store, id));
    kept.delete(id);
    kept.set(id, known);
    if (kept.size > 100) kept.delete(kept.keys().next().value!);
    return known;
  }

  const catalog: JobCatalog = {
    async all(only) {
      const apps = (await listApps(store)).filter(app => only === undefined || app === only);
      const intents = await Promise.all(apps.map(app => readIntent(store, app)));
      const current = intents.flatMap(intent =>
        intent?.release ? [{ app: intent.app, id: intent.release }] : [],
      );
      const releases = await Promise.all(current.map(({ id }) => release(id)));
      return current.flatMap(({ app, id }, i) => releases[i]!.jobs.map(job => ({ app, release: id, job })));
    },
    async find(name, app) {
      const jobs = await catalog.all(app);
      const found = jobs.filter(({ job }) => job.name === name);
      if (found.length === 1) return found[0]!;
      if (found.length > 1) {
        const apps = found.map(job => job.app).join(', ');
        throw new SlackwaterError(
          'conflict',
          `several apps have a job ${name}: say which with ?app=, one of ${apps}`,
        );
      }
      throw await unknownJob(name, jobs);
    },
  };
  return catalog;

  async function unknownJob(name: string, jobs: CurrentJob[]): Promise<SlackwaterError> {
    const { items } = await listReleases(store, { limit: 100 });
    const pushed = items.find(({ jobs }) => jobs.some(job => job.name === name));
    if (pushed)
      return new SlackwaterError(
        'not-found',
        `job ${name} is in release ${pushed.id} of app ${pushed.app}, which is not the current one: deploy it first (slackwater window open --release ${pushed.id})`,
      );
    const near = nearNames(
      name,
      jobs.map(({ job }) => job.name),
    );
    const hint = near.length
      ? `did you mean ${near.join(' or ')}?`
      : jobs.length
        ? 'GET /v1/jobs lists them'
        : 'no release is deployed yet';
    return new SlackwaterError('not-found', `there is no job ${JSON.stringify(name.slice(0, 100))}: ${hint}`);
  }
}
