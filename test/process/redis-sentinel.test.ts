import { expect, test } from 'vitest';
import type { Redis } from '../../src/store/redis.js';
import { eventually } from '../support/eventually.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { redisSentinel } from '../support/redis-servers.js';
import { account, continuations, overlaps, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const RUNS = 30;
const ITEMS = 12;
const LOCK = 3_000;
/** States are offered every 250 ms; a worker computes on for as long as its lock lasts; a second for what was not on the replica yet, and one for a machine that is busy, ms. */
const UNSAVED = LOCK + 250 + 1_000 + 1_000;

describeWithRedisBinary('a failover by Sentinel in the middle of a window', () => {
  test('leaves it to end: all runs complete, no term comes again, no hold is left', async () => {
    const { url, master, replica } = await redisSentinel();
    const env = { SLACKWATER_REDIS_DURABILITY: 'wait' };
    const product = await startProduct({ redisUrl: url, hosts: 2, workers: 1, env });
    await product.deploy('v1');
    // Commits wait for the replica.
    const [committing] = await product.enqueue('ledger.deaf', [{ forMs: 1 }]);
    await product.all([committing!], ['completed']);
    expect(await master.redis.info('commandstats')).toMatch(/cmdstat_wait:calls=[1-9]/);
    const go = product.signal();
    // Long steps keep the window draining for as long as it takes to strike.
    const ids = await product.enqueue(
      'ledger.steps',
      Array.from({ length: RUNS }, () => ({ items: ITEMS, everyMs: 700, until: go.path })),
    );
    await product.all(ids, ['running']);
    const release = await product.push('v2');
    const opened = await product.open(release, { drainTimeout: '60s' });
    await product.reached(opened.id, 'draining');
    const before = await leaseOf(product, master.redis);
    // What the replica does not have yet is lost: the window itself must not be among it.
    expect(await master.redis.wait(1, 20_000)).toBe(1);
    await master.kill();
    await eventually(async () => /role:master/.test(await replica.redis.info('replication')), {
      what: 'a new master',
    });

    const window = await product.ended(opened.id);
    expect(['completed', 'aborted']).toContain(window.outcome);
    go.open();
    const runs = await product.all(ids, ['completed'], 90_000);
    expect(runs.every(run => run.result === ITEMS && run.attempt === 1)).toBe(true);
    const effects = readLedger(product.ledger);
    expect(account(effects, ids, ITEMS)).toMatchObject({ lost: [], retried: [] });
    expect(overlaps(effects)).toEqual([]);
    expect(continuations(effects).filter(({ backMs }) => backMs > UNSAVED)).toEqual([]);
    // A failover that is quicker than the lease leaves it where it was; else its next term is a new one.
    const after = await leaseOf(product, replica.redis);
    if (after.owner !== before.owner) expect(after.term).toBeGreaterThan(before.term);
    else expect(after.term).toBeGreaterThanOrEqual(before.term);
    expect(await product.client.list('/v1/holds')).toEqual([]);
    const queues = await product.client.list<{ paused: boolean }>('/v1/queues');
    expect(queues.filter(({ paused }) => paused)).toEqual([]);
    const [one] = await product.enqueue('ledger.steps', [{ items: 1, everyMs: 1 }]);
    const [last] = await product.all([one!], ['completed']);
    expect(last!.release).toBe(window.outcome === 'completed' ? release : opened.previousRelease);
  });
});

async function leaseOf({ store }: Product, redis: Redis): Promise<{ owner: string; term: number }> {
  const [owner, term] = await redis.hmget(store.keys.lease, 'owner', 'term');
  return { owner: owner!, term: Number(term) };
}
