import type { JobManifest, Release } from '../model/release.js';
import type { WorkflowManifest } from '../model/workflow.js';
import { SlackwaterError } from '../platform/errors.js';
import { didYouMean } from '../platform/near-names.js';
import { listApps, readIntent } from '../store/intents.js';
import type { Store } from '../store/redis.js';
import { getRelease, listReleases } from '../store/releases.js';

interface Current<Definition> {
  app: string;
  release: string;
  job: Definition;
}
export type CurrentJob = Current<JobManifest>;
export type CurrentWorkflow = Current<WorkflowManifest>;

/** The jobs and workflows of the current releases of all apps, as the manifests tell of them. */
export interface JobCatalog {
  all(app?: string): Promise<CurrentJob[]>;
  workflows(app?: string): Promise<CurrentWorkflow[]>;
  /**
   * A job or a workflow: both can be asked for a run.
   * @throws SlackwaterError `not-found` that names near names, or says to deploy first; `conflict` where several apps have one of this name.
   */
  find(name: string, app?: string): Promise<CurrentJob | CurrentWorkflow>;
  /** @throws as `find`. */
  findWorkflow(name: string, app?: string): Promise<CurrentWorkflow>;
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

  /** With its app, of each app that runs one. */
  async function current(only: string | undefined): Promise<Release[]> {
    const apps = (await listApps(store)).filter(app => only === undefined || app === only);
    const intents = await Promise.all(apps.map(app => readIntent(store, app)));
    return Promise.all(intents.flatMap(intent => (intent?.release ? [release(intent.release)] : [])));
  }

  return {
    async all(app) {
      return (await current(app)).flatMap(release => release.jobs.map(job => currentOf(release, job)));
    },
    async workflows(app) {
      return (await current(app)).flatMap(release => release.workflows.map(job => currentOf(release, job)));
    },
    async find(name, app) {
      const releases = await current(app);
      const all = releases.flatMap(release =>
        [...release.jobs, ...release.workflows].map(job =>
          currentOf<JobManifest | WorkflowManifest>(release, job),
        ),
      );
      return (await only('job', name, all)) as CurrentJob | CurrentWorkflow;
    },
    async findWorkflow(name, app) {
      const releases = await current(app);
      return only(
        'workflow',
        name,
        releases.flatMap(release => release.workflows.map(job => currentOf(release, job))),
      );
    },
  };

  async function only<D extends { name: string }>(
    kind: 'job' | 'workflow',
    name: string,
    all: Current<D>[],
  ): Promise<Current<D>> {
    const found = all.filter(({ job }) => job.name === name);
    if (found.length === 1) return found[0]!;
    if (found.length > 1) {
      const apps = found.map(({ app }) => app).join(', ');
      throw new SlackwaterError(
        'conflict',
        `several apps have a ${kind} ${name}: say which with ?app=, one of ${apps}`,
      );
    }
    throw await unknown(
      kind,
      name,
      all.map(({ job }) => job.name),
    );
  }

  async function unknown(kind: 'job' | 'workflow', name: string, names: string[]): Promise<SlackwaterError> {
    const { items } = await listReleases(store, { limit: 100 });
    const pushed = items.find(({ jobs, workflows }) =>
      (kind === 'job' ? [...jobs, ...workflows] : workflows).some(job => job.name === name),
    );
    if (pushed)
      return new SlackwaterError(
        'not-found',
        `${kind} ${name} is in release ${pushed.id} of app ${pushed.app}, which is not the current one: deploy it first (slackwater window open --release ${pushed.id})`,
      );
    const none = kind === 'workflow' ? 'no release that is deployed has one' : 'no release is deployed yet';
    const hint = didYouMean(name, names, names.length > 0 ? `GET /v1/${kind}s lists them` : none);
    return new SlackwaterError(
      'not-found',
      `there is no ${kind} ${JSON.stringify(name.slice(0, 100))}: ${hint}`,
    );
  }
}

const currentOf = <D>({ app, id }: Release, job: D): Current<D> => ({ app, release: id, job });
