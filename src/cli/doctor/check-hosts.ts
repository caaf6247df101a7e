import type { HostAppStatus, HostStatus, SilentHost } from '../../model/intent.js';
import { silentText } from '../show/fleet.js';
import type { Check } from './diagnose.js';

/** What hosts are held against. */
export interface Expected {
  /** By app: the release that its last completed window went to; `null` where none is known. */
  current: Record<string, string | null>;
  /** By app: the window under way. Between two of its phases a host may be behind. */
  windows: Record<string, string>;
  now: number;
}

const SILENT_AFTER = 15_000;

export function checkHosts(hosts: HostStatus[], expected: Expected): Check[] {
  if (hosts.length === 0) {
    return [
      { name: 'hosts', level: 'fail', text: 'none: runs wait for ever; start one with "slackwater host"' },
    ];
  }
  return [...hosts.map(host => checkHost(host, expected)), ...checkApps(hosts, expected)];
}

/** An hour long, or until another host has come on its machine, it is told that one died. */
export const checkSilent = (silent: SilentHost[], now: number): Check[] =>
  silent.map(host => {
    const goOn =
      host.runs === 0 ? '' : host.runs === 1 ? ', which goes on elsewhere' : ', which go on elsewhere';
    const text = `${host.id} ${silentText(host, now)}${goOn}: look at that machine and its log, and start it again`;
    return { name: 'host', level: 'warn', text };
  });

function checkHost(host: HostStatus, { current, windows, now }: Expected): Check {
  const check = (level: Check['level'], text: string): Check => ({
    name: 'host',
    level,
    text: `${host.id} ${text}`,
  });
  if (host.leaving) return check('ok', 'is leaving');
  const silent = now - Date.parse(host.seenAt);
  if (silent > SILENT_AFTER) {
    return check(
      'warn',
      `was last seen ${Math.round(silent / 1_000)}s ago: look at its log, or at the clocks`,
    );
  }
  for (const [app, status] of Object.entries(host.apps)) {
    const fault = faultOf(app, status, current[app]);
    if (!fault) continue;
    const window = windows[app];
    return window
      ? check('warn', `${fault}: window ${window} is under way`)
      : check('fail', `${fault}: look at its log`);
  }
  const running = Object.values(host.apps).reduce((sum, { running: count }) => sum + count, 0);
  return check('ok', `on ${host.hostname}: ${host.workers} workers, ${running} running`);
}

function faultOf(
  app: string,
  { release, ready }: HostAppStatus,
  current: string | null | undefined,
): string | null {
  if (current && release !== current)
    return `runs ${app} on ${release ?? 'no release'} instead of ${current}`;
  if (release && ready === 0) return `has no worker that is ready to run ${app} (release ${release})`;
  return null;
}

/** Faults of an app as a whole, which none of its hosts is to blame for. */
function checkApps(hosts: HostStatus[], { current }: Expected): Check[] {
  const here = hosts.filter(({ leaving }) => !leaving);
  const apps = [
    ...new Set([...Object.keys(current), ...here.flatMap(host => Object.keys(host.apps))]),
  ].sort();
  return apps.flatMap((app): Check[] => {
    const check = (text: string): Check => ({ name: 'app', level: 'fail', text: `${app} ${text}` });
    const releases = here.flatMap(host => host.apps[app]?.release ?? []);
    if (current[app]) {
      return here.some(host => host.apps[app])
        ? []
        : [check(`has release ${current[app]}, and no host that runs it: start one with "slackwater host"`)];
    }
    if (releases.length === 0) return [];
    return [
      check(
        `runs on hosts (release ${releases[0]}), but no release is deployed: Redis has lost its data; restore it, or deploy again`,
      ),
    ];
  });
}
