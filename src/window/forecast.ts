import { allOverWithin, Histogram } from '../model/histogram.js';
import type { Blocker, HostAppStatus } from '../model/intent.js';
import type { Paces } from '../model/paces.js';
import type { WindowPlan } from '../model/window-plan.js';
import { arrivalOf } from './arrival.js';
import { sum } from './facts.js';

/** How long a drain would take that began at some moment while these runs go on. */
export function forecastOf(
  apps: HostAppStatus[],
  paces: Paces,
  drainTimeoutMs: number,
): WindowPlan['forecast'] {
  const blockers = apps.flatMap(app => app.blockers);
  const running = sum(apps, app => app.running);
  const things = apps.flatMap(app => stopsOf(app, paces));
  const within = (q: number) => {
    const ms = allOverWithin(things, q);
    return ms === null ? null : Math.round(ms);
  };
  return {
    drainMs: forecastDrainMs(blockers),
    p50Ms: within(0.5),
    p99Ms: within(0.99),
    comingInMs: arrivalOf(blockers, running, 0, drainTimeoutMs),
  };
}

/** A drain lasts as long as the slowest needs to its next checkpoint; `null` where one that cannot stop has no known end. */
export function forecastDrainMs(blockers: Blocker[]): number | null {
  if (blockers.some(({ stoppable, estimateMs }) => !stoppable && estimateMs === null)) return null;
  const estimates = blockers.flatMap(blocker => blocker.estimateMs ?? []);
  return estimates.length === 0 ? null : Math.max(...estimates);
}

/** What a host reports are its worst; those that it does not name are no worse than the last of them. */
function stopsOf({ blockers, running }: HostAppStatus, paces: Paces) {
  return blockers.map(({ job, stoppable }, i) => {
    const times = paces.get(job)?.[stoppable ? 'checkpoint' : 'end'] ?? new Histogram();
    const unnamed = i === blockers.length - 1 ? Math.max(0, running - blockers.length) : 0;
    return { times, count: 1 + unnamed };
  });
}
