import type { HostStatus, SilentHost } from '../../model/intent.js';
import type { Window } from '../../model/window.js';
import { plural } from '../show/text.js';
import { checkHosts, checkSilent } from './check-hosts.js';
import { checkHeldWindows, checkQueues, type QueueFacts } from './check-intake.js';

export interface Check {
  name: string;
  level: 'ok' | 'warn' | 'fail';
  /** What was found; for anything but `ok` also what to change. */
  text: string;
  /** Where a person has to decide something: what may be chosen, what that does, and how to say it. */
  choices?: { choice: string; does: string; command: string }[];
}

/** What a look at Redis itself gave. */
export interface RedisFacts {
  version: string;
  policy: string | null;
  appendOnly: boolean;
  /** The last write to its disk failed. */
  diskFailed: boolean;
  /** Why it takes no writes; `null`: it does. */
  refuses: string | null;
  /** Share of its maxmemory in use, 0 to 1; `null`: it has no limit. */
  full: number | null;
  /** By how much its clock is ahead of ours, ms. */
  aheadMs: number;
}

/** Everything that the checks look at. A string stands for the failure to find out. */
export interface Findings {
  node: string;
  redis: RedisFacts | string | null;
  server: { url: string; ready: true | string };
  hosts: HostStatus[] | null;
  /** Those that fell silent lately. */
  silent: SilentHost[];
  /** By app: the release that its last completed window went to. */
  current: Record<string, string | null>;
  /** By app: the window under way. */
  windows: Record<string, string>;
  /** Those that wait for a person. */
  held: Window[];
  queues: QueueFacts[] | null;
  /** How many runs ended so within the last hour. */
  ended: { failed: number; parked: number } | null;
  now: number;
}

const NEARLY_FULL = 0.9;
const MOST_SKEW = 2_000;

/** Every check with its verdict, in the order in which things depend on each other. Pure. */
export function diagnose(found: Findings): Check[] {
  return [
    checkNode(found.node),
    ...checkRedis(found.redis),
    checkServer(found.server),
    ...(found.hosts ? checkHosts(found.hosts, found) : []),
    ...checkSilent(found.silent, found.now),
    ...checkHeldWindows(found.held, found.now),
    ...(found.queues
      ? checkQueues(
          found.queues,
          found.held.map(({ id }) => id),
          found.now,
        )
      : []),
    ...(found.ended ? checkRuns(found.ended) : []),
  ];
}

function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return { name: 'node', level: 'ok', text: version };
  return { name: 'node', level: 'fail', text: `${version} is too old: install Node 20.19 or later` };
}

function checkRedis(redis: Findings['redis']): Check[] {
  const check = (level: Check['level'], text: string): Check => ({ name: 'redis', level, text });
  if (redis === null) {
    return [check('ok', 'not looked at from here: set REDIS_URL to check it directly')];
  }
  if (typeof redis === 'string') return [check('fail', redis)];
  const { version, policy, appendOnly, diskFailed, refuses, full, aheadMs } = redis;
  const checks = [
    Number.parseFloat(version) >= 6.2
      ? check('ok', `version ${version}`)
      : check('fail', `version ${version} is too old: use 6.2 or later, or Valkey`),
  ];
  if (policy !== null && policy !== 'noeviction') {
    checks.push(check('fail', `maxmemory-policy is ${policy} and may delete runs: set it to noeviction`));
  }
  if (refuses) checks.push(check('fail', refuses));
  if (diskFailed && !refuses)
    checks.push(check('fail', 'could not write to its disk: make room there (its log says more)'));
  if (full !== null && full > NEARLY_FULL && !refuses) {
    const text = `uses ${Math.round(100 * full)}% of its maxmemory, and takes no runs when it is full: raise it, or keep ended runs for a shorter time (retention)`;
    checks.push(check('warn', text));
  }
  if (!appendOnly) {
    checks.push(
      check('warn', 'keeps no append-only file and may lose minutes at a crash: set appendonly yes'),
    );
  }
  if (Math.abs(aheadMs) > MOST_SKEW) {
    const text = `its clock is ${(Math.abs(aheadMs) / 1_000).toFixed(1)}s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's: run an NTP client on both`;
    checks.push({ name: 'clock', level: 'warn', text });
  }
  return checks;
}

function checkServer({ url, ready }: Findings['server']): Check {
  if (ready === true) return { name: 'server', level: 'ok', text: `${url} is ready` };
  return { name: 'server', level: 'fail', text: ready };
}

function checkRuns({ failed, parked }: NonNullable<Findings['ended']>): Check[] {
  const check = (count: number, what: string, state: string): Check[] =>
    count === 0
      ? []
      : [
          {
            name: 'runs',
            level: 'warn',
            text: `${plural(count, 'run')} ${what} in the last hour: see "slackwater runs ls --state ${state}"`,
          },
        ];
  return [
    ...check(
      parked,
      parked === 1 ? 'was parked and waits for a person' : 'were parked and wait for a person',
      'parked',
    ),
    ...check(failed, 'failed', 'failed'),
  ];
}
