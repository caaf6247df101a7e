import { SlackwaterError } from '../platform/errors.js';
import { mastersOf, type Redis } from './connection.js';

/** @throws SlackwaterError `bad-config` if this Redis could lose what it was given, or cannot be given anything: too old, evicting, a replica … */
export async function checkRedis(redis: Redis): Promise<void> {
  for (const master of mastersOf(redis)) await checkOne(master, master !== redis);
}

async function checkOne(redis: Redis, inCluster: boolean): Promise<void> {
  const info = factsIn(await redis.info());
  const where = inCluster ? `Redis at ${redis.options.host}:${redis.options.port}` : 'Redis';
  // Valkey counts on from 7.2 under this name, and tells its own version under another.
  if (Number.parseFloat(info.redis_version ?? '0') < 6.2)
    throw bad(`${where} ${info.redis_version} is too old: Slackwater needs 6.2 or later, or Valkey`);
  if (info.redis_mode === 'sentinel')
    throw bad(
      'this is a Sentinel and no Redis: write redis+sentinel://host:port/NAME, with the name of its master',
    );
  if (info.redis_mode === 'cluster' && !inCluster)
    throw bad(
      'this Redis is a node of a Cluster: write redis+cluster://host:port instead of redis://host:port',
    );
  if (info.role === 'slave')
    throw bad(
      `this Redis is a read-only replica of ${info.master_host}:${info.master_port}: point redis.url (REDIS_URL) at its master, or at the Sentinels (redis+sentinel://…)`,
    );
  const [, policy] = (await redis.config('GET', 'maxmemory-policy').catch(() => [])) as string[];
  if (policy !== undefined && policy !== 'noeviction')
    throw bad(
      `${where} has maxmemory-policy ${policy} and would delete runs when memory is short: set it to noeviction`,
    );
}

/** What `INFO` says, by name. */
function factsIn(info: string): Record<string, string | undefined> {
  return Object.fromEntries([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
}

const bad = (text: string) => new SlackwaterError('bad-config', text);
