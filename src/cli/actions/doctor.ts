import type { HostStatus } from '../../model/intent.js';
import type { Client } from '../client.js';
import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { type Check, diagnose, type Findings } from '../doctor/diagnose.js';
import { lookAtRedis } from '../doctor/look-at-redis.js';
import { EXIT } from '../exit-codes.js';
import { print, printJson, styleOf } from '../output.js';
import { currentRelease } from '../push.js';
import { Exit } from '../report-error.js';
import type { QueueStatus } from '../show/fleet.js';

/** Looks at everything that must be right, and says what to change where it is not. Exit code 1 when something fails. */
export async function doctor(options: CommonOptions): Promise<void> {
  const client = connect(options);
  const redis = process.env.REDIS_URL ? await lookAtRedis(process.env.REDIS_URL) : null;
  const checks = diagnose({ node: process.version, redis, ...(await lookAtServer(client)), now: Date.now() });
  if (options.json) printJson({ checks });
  else show(checks);
  if (checks.some(({ level }) => level === 'fail')) throw new Exit(EXIT.failed);
}

async function lookAtServer(
  client: Client,
): Promise<Pick<Findings, 'server' | 'hosts' | 'current' | 'queues'>> {
  const { url } = client;
  try {
    await client.get('/readyz');
    const hosts = await client.list<HostStatus>('/v1/hosts');
    const queues = await client.list<QueueStatus>('/v1/queues');
    const apps = [...new Set(hosts.flatMap(host => Object.keys(host.apps)))];
    const current = await Promise.all(
      apps.map(async app => [app, await currentRelease(client, app)] as const),
    );
    return {
      server: { url, ready: true },
      hosts,
      current: Object.fromEntries(current),
      queues: queues.map(({ name, paused, holds }) => ({ name, paused, held: holds.length > 0 })),
    };
  } catch (error) {
    return { server: { url, ready: (error as Error).message }, hosts: null, current: {}, queues: null };
  }
}

function show(checks: Check[]): void {
  const style = styleOf(process.stdout);
  const marks = { ok: style.green('ok  '), warn: style.yellow('warn'), fail: style.red('fail') };
  for (const { level, name, text } of checks)
    print(`${marks[level]}  ${style.bold(name.padEnd(6))}  ${text}`);
}
