import type { Blocker, HostStatus } from '../model/intent.js';
import type { Window } from '../model/window.js';
import type { WindowPlan } from '../model/window-plan.js';
import { listHosts } from '../store/hosts.js';
import { readPaces } from '../store/paces.js';
import type { Store } from '../store/redis.js';
import { spanOf } from '../store/window-spans.js';
import { openWindows } from '../store/windows.js';
import { calendarWarnings } from './calendar-warnings.js';
import { draft } from './declare.js';
import type { TaskLimits } from './declare-tasks.js';
import { sum } from './facts.js';
import { forecastOf } from './forecast.js';
import { schedulePlan } from './plan-schedules.js';
import { stateWarnings, type Warning } from './plan-states.js';
import { workflowRefusals } from './plan-workflows.js';
import { count } from './table/sentences.js';
import type { WindowInput } from './window-input.js';

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
  const [all, open, calendar, paces, ofSchedules] = await Promise.all([
    listHosts(store),
    openWindows(store),
    calendarWarnings(store, window),
    readPaces(store, window.app, Date.parse(window.createdAt)),
    schedulePlan(store, window, release),
  ]);
  const hosts = all.filter(host => !host.leaving);
  const apps = hosts.flatMap(host => host.apps[window.app] ?? []);
  const blockers = apps.flatMap(app => app.blockers);
  const warnings: Warning[] = [
    ...overlaps(window, open),
    ...calendar,
    ...unserved(window, hosts),
    ...(await stateWarnings(store, release, previous)),
    ...unstoppable(blockers),
  ];
  return {
    app: window.app,
    release: release.id,
    previousRelease: window.previousRelease,
    startsAt: window.startsAt,
    queues: window.queues,
    runs: { inFlight: sum(apps, app => app.running), blockers: blockers.slice(0, 100) },
    forecast: forecastOf(apps, paces, window.drainTimeoutMs),
    ...ofSchedules,
    refusals: await workflowRefusals(store, release, window.queues),
    warnings: warnings.map(({ text }) => text),
    refusedFor: warnings.filter(({ refuses }) => refuses).map(({ text }) => text),
    hosts: hosts.map(host => ({ id: host.id, release: host.apps[window.app]?.release ?? null })),
  };
}

function overlaps(window: Window, open: Window[]): Warning[] {
  const own = spanOf(window);
  return open
    .filter(other => {
      const { app, from, to } = spanOf(other);
      return app === own.app && from < own.to && own.from < to;
    })
    .map(({ id, phase, outcome }) => ({
      text: `window ${id} (${outcome ?? phase}) takes this time: it would be refused`,
      refuses: true,
    }));
}

function unserved(window: Window, hosts: HostStatus[]): Warning[] {
  if (hosts.length === 0) return [{ text: 'no host is alive: it would be refused', refuses: true }];
  return window.queues
    .filter(queue => !hosts.some(host => host.queues === null || host.queues.includes(queue)))
    .map(queue => ({ text: `no host serves queue ${queue}: its runs would wait` }));
}

function unstoppable(blockers: Blocker[]): Warning[] {
  const stuck = blockers.filter(blocker => !blocker.stoppable);
  if (stuck.length === 0) return [];
  const jobs = [...new Set(stuck.map(({ job }) => job))].join(', ');
  const text = `${count(stuck.length, 'run')} cannot stop half-way (${jobs}): the window waits for the end, up to its drain deadline`;
  return [{ text }];
}
