import type { HostStatus, SilentHost } from '../../model/intent.js';
import type { HeldBy } from '../../model/run.js';
import { formatDuration } from '../../platform/duration.js';
import type { Style } from './style.js';
import { table } from './table.js';
import { plural, when } from './text.js';

/** A queue, as `GET /v1/queues` answers it. */
export interface QueueStatus {
  name: string;
  app: string;
  paused: boolean;
  holds: HeldBy[];
  counts: Record<string, number>;
  limits: { concurrency: number | null; rate: { max: number; perMs: number } | null };
}

/** Hosts, as `GET /v1/hosts` answers them. */
export interface HostsAnswer {
  items: HostStatus[];
  silent?: SilentHost[];
}

/** `on box fell silent: it was last seen 3m ago (2030-…), with 2 runs`. */
export function silentText({ hostname, seenAt, runs }: SilentHost, now: number): string {
  const held = runs === 0 ? 'without a run' : `with ${plural(runs, 'run')}`;
  return `on ${hostname} fell silent: it was last seen ${when(seenAt, now)} (${seenAt}), ${held}`;
}

export function hostsTable(hosts: HostStatus[], now: number, style: Style): string {
  const apps = (host: HostStatus) => Object.entries(host.apps);
  const columns = [
    { title: 'host', value: (host: HostStatus) => host.id },
    { title: 'machine', value: (host: HostStatus) => `${host.hostname}:${host.pid}` },
    { title: 'workers', value: (host: HostStatus) => String(host.workers), right: true },
    { title: 'queues', text: true, value: (host: HostStatus) => host.queues?.join(', ') ?? 'all' },
    {
      title: 'releases',
      text: true,
      value: (host: HostStatus) =>
        apps(host)
          .map(([app, { release }]) => `${app} ${release ?? '-'}`)
          .join(', ') || '-',
    },
    {
      title: 'running',
      value: (host: HostStatus) => String(apps(host).reduce((sum, [, { running }]) => sum + running, 0)),
      right: true,
    },
    {
      title: 'seen',
      value: (host: HostStatus) => (host.leaving ? style.yellow('leaving') : when(host.seenAt, now)),
    },
  ];
  return table(hosts, columns, style, 'no host: start one with "slackwater host"');
}

export function queuesTable(queues: QueueStatus[], now: number, style: Style): string {
  const count = (title: string, ...states: string[]) => ({
    title,
    value: ({ counts }: QueueStatus) =>
      states.reduce((sum, state) => sum + (counts[state] ?? 0), 0).toLocaleString('en-US'),
    right: true,
  });
  const columns = [
    { title: 'queue', value: (queue: QueueStatus) => queue.name },
    { title: 'app', value: (queue: QueueStatus) => queue.app },
    count('waiting', 'wait', 'prioritized', 'inLine'),
    count('delayed', 'delayed'),
    count('workflows', 'waiting'),
    count('running', 'active'),
    count('completed', 'completed'),
    count('failed', 'failed'),
    { title: 'limits', text: true, value: ({ limits }: QueueStatus) => limitsText(limits) },
    { title: 'intake', text: true, value: (queue: QueueStatus) => intake(queue, now, style) },
  ];
  return table(queues, columns, style, 'no queue yet: deploy a job first');
}

/** Of a queue only the sum is known at once. `null`: nothing to tell. */
export const failedNote = (queues: QueueStatus[]): string | null =>
  queues.some(({ counts }) => (counts.failed ?? 0) > 0)
    ? 'failed: those that were parked or cancelled too; "slackwater runs ls --queue NAME --state failed" lists the failed alone'
    : null;

function limitsText({ concurrency, rate }: QueueStatus['limits']): string {
  const texts = [
    concurrency === null ? null : `${concurrency} at once`,
    rate && `${rate.max} in ${formatDuration(rate.perMs)}`,
  ];
  return texts.filter(Boolean).join(', ') || '-';
}

function intake({ paused, holds }: QueueStatus, now: number, style: Style): string {
  const [hold] = holds;
  if (hold) return style.yellow(`held: ${hold.reason} (ends ${when(hold.until, now)})`);
  return paused ? style.red('paused outside Slackwater') : style.green('open');
}
