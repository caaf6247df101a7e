import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { redisCluster } from '../support/redis-servers.js';
import { firesOf } from '../support/schedules.js';
import { tempDir } from '../support/temp-dir.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { startProduct } from './support/product.js';

const RUNS = 40;
const ITEMS = 20;

/** A jobs folder whose one job runs each second. */
function scheduled(): string {
  const folder = join(tempDir('scheduled'), 'jobs');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'often.ts'),
    `import { defineJob } from 'slackwater';
export default defineJob({ name: 'often', queue: 'often', schedule: { cron: '* * * * * *' }, run: ctx => ctx.scheduledFor });`,
  );
  return folder;
}

describeWithRedisBinary('over a Redis Cluster of three masters', () => {
  test('a window moves the runs in flight, and what else is asked of a server and a host is done', async () => {
    const cluster = await redisCluster();
    const product = await startProduct({ redisUrl: cluster.url, hosts: 2, workers: 1 });
    await product.deploy('v1');
    const next = await product.push('v2');
    const go = product.signal();
    const ids = await product.enqueue(
      'ledger.steps',
      Array.from({ length: RUNS }, () => ({ items: ITEMS, everyMs: 20, until: go.path })),
    );
    await product.all(ids, ['running']);

    const window = await product.open(next);
    await product.endedAs(window.id, 'completed');
    go.open();
    const runs = await product.all(ids, ['completed']);
    expect(runs.every(run => run.result === ITEMS && run.attempt === 1 && run.release === next)).toBe(true);
    const effects = readLedger(product.ledger);
    expect(account(effects, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
    expect(overlaps(effects)).toEqual([]);
    expect((await product.report(window.id)).runs).toMatchObject({ yielded: RUNS, resumed: RUNS });

    const [seeded] = await product.enqueue('ledger.publisher', [{ items: 2, everyMs: 5 }]);
    const [parent] = await product.all([seeded!], ['completed']);
    const { child } = parent!.result as { child: string };
    await product.all([child], ['completed']);
    const [stubborn] = await product.enqueue('ledger.stubborn', [{ until: product.signal().path }]);
    await product.all([stubborn!], ['running']);
    await product.client.post(`/v1/runs/${stubborn}/cancel`);
    await product.all([stubborn!], ['cancelled']);
    await product.client.post(`/v1/runs/${stubborn}/retry`);
    await product.all([stubborn!], ['running']);
    const listed = await product.client.list<{ id: string }>('/v1/runs', { state: 'completed' }, 500);
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));

    await product.client.post(`/v1/runs/${stubborn}/cancel`);
    await product.all([stubborn!], ['cancelled']);
    await product.deploy(scheduled());
    const fires = await eventually(async () => {
      const found = await firesOf(product.store, 'often', 'ledger');
      return found.filter(({ run }) => run !== null).length > 1 && found;
    });
    await product.all(fires.flatMap(({ run }) => run ?? []).slice(0, 2), ['completed']);

    // The keys of a queue lie in one slot, those of the control plane in another.
    const holders = await Promise.all(cluster.nodes.map(({ redis }) => redis.dbsize()));
    expect(holders.filter(size => size > 0).length).toBeLessThanOrEqual(2);
  });
});
