import { hidePassword } from '../../redis/address.mjs';
import { connect, redisNow } from '../../store/redis.js';
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
    const fact = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
    const limit = Number(fact('maxmemory'));
    return {
      version: fact('redis_version') || '0',
      policy: (policy as string[] | null)?.[1] ?? null,
      appendOnly: fact('aof_enabled') === '1',
      diskFailed: [fact('rdb_last_bgsave_status'), fact('aof_last_write_status')].includes('err'),
      isReplica: fact('role') === 'slave',
      full: limit > 0 ? Number(fact('used_memory')) / limit : null,
      aheadMs: theirs - (before + Date.now()) / 2,
    };
  } catch (error) {
    return `${hidePassword(url)} does not answer (${(error as Error).message}): start it, or correct REDIS_URL`;
  } finally {
    redis.disconnect();
  }
}
