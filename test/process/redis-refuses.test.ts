import { mkdirSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { type RedisServer, redisServer } from '../support/redis-servers.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { saysSo, toldOnce } from './support/not-ready.js';
import { startProduct } from './support/product.js';

const RUNS = 20;
const ITEMS = 12;

interface Refusal {
  refuses: string;
  says: RegExp;
  begin(redis: RedisServer): Promise<unknown>;
  end(redis: RedisServer): Promise<unknown>;
}

const REFUSALS: Refusal[] = [
  {
    refuses: 'is a replica now, after a failover',
    says: /read-only replica.*REDIS_URL/,
    begin: ({ redis }) => redis.replicaof('127.0.0.1', 1),
    end: ({ redis }) => redis.replicaof('NO', 'ONE'),
  },
  {
    refuses: 'cannot write to its disk',
    says: /cannot write to its disk/,
    async begin({ redis, dir }) {
      // A folder stands where its snapshot wants to be.
      mkdirSync(path.join(dir, 'dump.rdb'));
      await redis.config('SET', 'save', '3600 1');
      await snapshot(redis, 'err');
    },
    async end({ redis, dir }) {
      rmdirSync(path.join(dir, 'dump.rdb'));
      await snapshot(redis, 'ok');
    },
  },
];

describeWithRedisBinary('a Redis that takes no writes', () => {
  for (const { refuses, says, begin, end } of REFUSALS) {
    test(`because it ${refuses}: producers hear why, a window waits, and all ends well when it takes them again`, async () => {
      const redis = await redisServer();
      const product = await startProduct({ redisUrl: redis.url, hosts: 2, workers: 1 });
      await product.deploy('v1');
      const release = await product.push('v2');
      const go = product.signal();
      const payload = { items: ITEMS, everyMs: 400, until: go.path };
      const ids = await product.enqueue(
        'ledger.steps',
        Array.from({ length: RUNS }, () => payload),
      );
      await product.all(ids, ['running']);
      const opened = await product.open(release, { drainTimeout: '60s' });
      await product.reached(opened.id, 'draining');

      await begin(redis);
      await eventually(async () => {
        const error = await product.enqueue('ledger.steps', [payload]).catch(error => error);
        expect(error).toMatchObject({ code: 'unavailable', message: expect.stringMatching(says) });
        return true;
      });
      await eventually(() => saysSo(product, says), { timeout: 60_000 });
      // Reads are answered (but for the moments in which a connection looks for the master again).
      await eventually(async () => (await product.run(ids[0]!)).id === ids[0]);
      await end(redis);
      await eventually(async () => (await fetch(`${product.client.url}/readyz`)).status === 200);

      await toldOnce(product, says);
      const window = await product.ended(opened.id);
      expect(['completed', 'aborted']).toContain(window.outcome);
      go.open();
      const runs = await product.all(ids, ['completed'], 90_000);
      expect(runs.every(run => run.attempt === 1 && run.result === ITEMS)).toBe(true);
      const effects = readLedger(product.ledger);
      expect(account(effects, ids, ITEMS)).toMatchObject({ lost: [], retried: [] });
      expect(overlaps(effects)).toEqual([]);
      expect(await product.client.list('/v1/holds')).toEqual([]);
    });
  }
});

async function snapshot(redis: RedisServer['redis'], status: 'ok' | 'err'): Promise<void> {
  await eventually(async () => {
    await redis.bgsave().catch(() => {});
    const info = await redis.info('persistence');
    return new RegExp(`rdb_bgsave_in_progress:0.*rdb_last_bgsave_status:${status}`, 's').test(info);
  });
}
