import { FELL_SILENT, GONE, SILENT, type Window, type WindowHost } from '../model/window.js';
import { type Facts, type HostView, SILENT_MS } from './facts.js';
import { runsOf } from './run-counts.js';
import { isReady, isSwapped } from './table/conditions.js';
import { watchedOf } from './table/watch.js';

/** A host that dies again and again has another ID each time. */
const MOST_SILENT = 20;

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

/**
 * Those that fell silent stay in the list, for whoever asks where their runs were. While hosts prepare all that are gone do: how many they are
 * decides whether it is a time to deploy.
 */
function goneOf({ window, gone }: Facts): WindowHost[] {
  const hosts = window.hosts
    .filter(({ id }) => gone.includes(id))
    .map(host => ({ ...host, phase: [SILENT, FELL_SILENT].includes(host.phase) ? FELL_SILENT : GONE }));
  if (window.phase === 'preparing') return hosts;
  return hosts.filter(({ phase }) => phase === FELL_SILENT).slice(-MOST_SILENT);
}

/** What a host is at, in one word for a screen. */
function phaseOf(facts: Facts, host: HostView): string {
  const { app } = host;
  if (host.leaving) return 'leaving';
  if (host.silentMs >= SILENT_MS) return SILENT;
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
