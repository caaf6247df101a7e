import { hidePassword } from '../../redis/address.mjs';
import { createKeys } from '../../store/keys.js';
import { connect, type Redis, redisNow } from '../../store/redis.js';
import { troubleOf } from '../../store/trouble.js';
import { tryWrite } from '../../store/try-write.js';
import type { RedisFacts } from './diagnose.js';

/** @returns what Redis says of itself, or a sentence on why it could not be asked. */
export async function lookAtRedis(url: string): Promise<RedisFacts | string> {
  const redis = connect(
    { url },
    { lazyConnect: true, maxRetriesPerRequest: 0, connectTimeout: 3_000, retryStrategy: () => null },
  );
  try {
    await redis.connect();
    const info = await redis.info();
    const policy = await redis.config('GET', 'maxmemory-policy').catch(() => null);
    const before = Date.now();
    const theirs = await redisNow(redis);
    const aheadMs = theirs - (before + Date.now()) / 2;
    const fact = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
    const limit = Number(fact('maxmemory'));
    return {
      version: fact('redis_version') || '0',
      policy: (policy as string[] | null)?.[1] ?? null,
      appendOnly: fact('aof_enabled') === '1',
      diskFailed: [fact('rdb_last_bgsave_status'), fact('aof_last_write_status')].includes('err'),
      // The last that is asked: a replica ends the connection.
      refuses: await refusalOf(redis, url),
      full: limit > 0 ? Number(fact('used_memory')) / limit : null,
      aheadMs,
    };
  } catch (error) {
    return `${hidePassword(url)} does not answer (${(error as Error).message}): start it, or correct REDIS_URL`;
  } finally {
    redis.disconnect();
  }
}

/** @returns why it takes no writes; `null`: it does. */
async function refusalOf(redis: Redis, url: string): Promise<string | null> {
  const { SLACKWATER_NAMESPACE: namespace, SLACKWATER_QUEUE_PREFIX: prefix } = process.env;
  const keys = createKeys(namespace || undefined, prefix || (namesCluster(url) ? '{bull}' : undefined));
  return tryWrite(redis, keys).then(
    () => null,
    error => troubleOf(error)?.fault ?? `takes no writes from this user: ${(error as Error).message}`,
  );
}

const namesCluster = (url: string) => /^rediss?\+cluster:/.test(url);
