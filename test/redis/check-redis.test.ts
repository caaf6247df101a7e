import { expect, it } from 'vitest';
import { checkRedis } from '../../src/store/redis.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { redisServer } from '../support/redis-servers.js';

describeWithRedisBinary('a Redis is refused at the start', () => {
  it.each([
    { that: 'evicts', settings: { 'maxmemory-policy': 'allkeys-lru' }, says: /allkeys-lru.*noeviction/ },
    {
      that: 'is a replica',
      settings: { replicaof: '127.0.0.1 1' },
      says: /replica of 127\.0\.0\.1:1: point/,
    },
    { that: 'is one node of a Cluster', settings: { 'cluster-enabled': 'yes' }, says: /redis\+cluster:\/\// },
  ])('that $that', async ({ settings, says }) => {
    const { redis } = await redisServer(settings as unknown as Record<string, string>);
    await expect(checkRedis(redis)).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(says),
    });
  });
});
