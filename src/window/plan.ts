import type { Blocker, HostStatus } from '../model/intent.js';
import type { JobManifest, Release } from '../model/release.js';
import type { Window } from '../model/window.js';
import type { WindowPlan } from '../model/window-plan.js';
import { countLiveStates } from '../queue/live-states.js';
import { listHosts } from '../store/hosts.js';
import { readPaces } from '../store/paces.js';
import type { Store } from '../store/redis.js';
import { openWindows } from '../store/windows.js';
import { calendarWarnings } from './calendar-warnings.js';
import { draft, type WindowInput } from './declare.js';
import type { TaskLimits } from './declare-tasks.js';
import { sum } from './facts.js';
import { forecastOf } from './forecast.js';
import { count } from './table/sentences.js';

/**
 * What a window would meet if it began now. Nothing is stored.
 * @throws SlackwaterError as `declareWindow`, except that an overlap is a warning here.
 */
export async function planWindow(
  store: Store,
  input: WindowInput,
  options: { now?: number } & Partial<TaskLimits> = {},
): Promise<WindowPlan> {
  const { window, release, previous } = await draft(store, input, options);
  const [all, open, calendar, paces] = await Promise.all([
    listHosts(store),
    openWindows(store),
    calendarWarnings(store, window),
    readPaces(store, window.app, Date.parse(window.createdAt)),
  ]);
  const hosts = all.filter(host => !host.leaving);
  const apps = hosts.flatMap(host => host.apps[window.app] ?? []);
  const blockers = apps.flatMap(app => app.blockers);
  return {
    app: window.app,
    release: release.id,
    previousRelease: window.previousRelease,
    startsAt: window.startsAt,
    queues: window.queues,
    runs: { inFlight: sum(apps, app => app.running), blockers: blockers.slice(0, 100) },
    forecast: forecastOf(apps, paces, window.drainTimeoutMs),
    fires: [],
    refusals: [],
    warnings: [
      ...overlaps(window, open),
      ...calendar,
      ...unserved(window, hosts),
      ...unreadable(release, previous),
      ...(await withoutWayDown(store, release, previous)),
      ...unstoppable(blockers),
    ],
    hosts: hosts.map(host => ({ id: host.id, release: host.apps[window.app]?.release ?? null })),
  };
}

function overlaps(window: Window, open: Window[]): string[] {
  const from = Date.parse(window.startsAt);
  return open
    .filter(other => other.app === window.app)
    .filter(other => {
      const end = other.endsBy ?? new Date(Date.parse(other.startsAt) + other.maxDurationMs).toISOString();
      return from < Date.parse(end) && Date.parse(other.startsAt) < from + window.maxDurationMs;
    })
    .map(other => `window ${other.id} (${other.phase}) takes this time: it would be refused`);
}

function unserved(window: Window, hosts: HostStatus[]): string[] {
  if (hosts.length === 0) return ['no host is alive: it would be refused'];
  return window.queues
    .filter(queue => !hosts.some(host => host.queues === null || host.queues.includes(queue)))
    .map(queue => `no host serves queue ${queue}: its runs would wait`);
}

function unstoppable(blockers: Blocker[]): string[] {
  const stuck = blockers.filter(blocker => !blocker.stoppable);
  if (stuck.length === 0) return [];
  const jobs = [...new Set(stuck.map(({ job }) => job))].join(', ');
  return [
    `${count(stuck.length, 'run')} cannot stop half-way (${jobs}): the window waits for the end, up to its drain deadline`,
  ];
}

/** What the two manifests alone tell of states that cannot be carried over. */
function unreadable(release: Release, previous: Release | null): string[] {
  const jobs = new Map(release.jobs.map(job => [job.name, job]));
  return (previous?.jobs ?? []).flatMap(old => {
    const job = jobs.get(old.name);
    if (!job) return [`job ${old.name} is not in the release: runs of it that have a state would refuse it`];
    const version = old.checkpointVersion;
    if (version === null || job.reads.includes(version) || isOlder(job, version)) return [];
    return [
      `job ${old.name} reads ${job.reads.length === 0 ? 'no states' : `states of ${count(job.reads.length, 'version')} (${job.reads.join(', ')})`}, and those saved now have version ${version}: add an upgrade from ${version}`,
    ];
  });
}

/** Code that reads older states only: those saved now have to come down. */
const isOlder = ({ checkpointVersion }: JobManifest, version: number): boolean =>
  checkpointVersion !== null && checkpointVersion < version;

/** Jobs whose live states are of a later version than the release reads, and cannot be brought down. */
async function withoutWayDown(store: Store, release: Release, previous: Release | null): Promise<string[]> {
  const jobs = new Map(release.jobs.map(job => [job.name, job]));
  const warnings = (previous?.jobs ?? []).map(async old => {
    const job = jobs.get(old.name);
    const version = old.checkpointVersion;
    if (!job || version === null || !isOlder(job, version)) return [];
    if (old.writes.some(written => job.reads.includes(written))) return [];
    const runs = await countLiveStates(store, { queue: old.queue, job: old.name, version });
    if (runs === 0) return [];
    const fate =
      old.onRollback === 'park' ? 'would be parked' : 'would repeat what they did since an earlier state';
    return [
      `job ${old.name} has no downgrade from version ${version} to what the release reads (${job.reads.join(', ')}): ${count(runs, 'run')} ${fate} (onRollback: ${old.onRollback})`,
    ];
  });
  return (await Promise.all(warnings)).flat();
}
