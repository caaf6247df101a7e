import type { Window } from '../model/window.js';
import { type Facts, GONE, type HostView } from './facts.js';
import { runsOf } from './run-counts.js';
import { isReady, isSwapped } from './table/conditions.js';
import { watchedOf } from './table/watch.js';

/** The window with the figures that people watch brought up to date. They decide nothing, save who has vanished (`hosts`). */
export function progressOf(facts: Facts): Window {
  const { window, hosts, blockers } = facts;
  return {
    ...window,
    runs: runsOf(facts),
    blockers: window.phase === 'draining' ? blockers : window.blockers,
    watched: watchedOf(window, facts.records),
    hosts: [
      ...hosts.map(host => ({
        id: host.id,
        release: host.app?.release ?? null,
        phase: phaseOf(facts, host),
      })),
      ...goneOf(facts),
    ],
  };
}

/** While hosts prepare, those that are gone stay in the list: how many they are decides whether it is a time to deploy. */
function goneOf({ window, gone }: Facts): Window['hosts'] {
  if (window.phase !== 'preparing') return [];
  return window.hosts.flatMap(host => (gone.includes(host.id) ? { ...host, phase: GONE } : []));
}

/** What a host is at, in one word for a screen. */
function phaseOf(facts: Facts, host: HostView): string {
  const { app } = host;
  if (host.leaving) return 'leaving';
  if (!app || !host.answered) return 'waiting';
  switch (facts.window.phase) {
    case 'preparing':
      return isReady(facts, host) ? 'ready' : (app.standby?.state ?? 'waiting');
    case 'draining':
      if (app.running > 0) return 'draining';
      return app.proving > 0 ? 'proving' : 'still';
    case 'swapping':
      if (isBesideOld(facts.window, host)) return 'waiting';
      return isSwapped(facts, host) ? 'swapped' : 'swapping';
    case 'resuming':
      return app.resuming > 0 ? 'resuming' : 'running';
    default:
      return 'running';
  }
}

/** Side by side, and not its turn yet. */
const isBesideOld = ({ strategy, rollback, moved }: Window, { id }: HostView): boolean =>
  strategy !== 'window' && rollback === null && !moved.includes(id);
