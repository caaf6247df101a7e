import { expect, test } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { type RedisServer, redisServer } from '../support/redis-servers.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { saysSo, toldOnce } from './support/not-ready.js';
import { type Product, startProduct } from './support/product.js';

const ITEMS = 30;

describeWithRedisBinary('when the memory of Redis is full', () => {
  test('producers hear of it and nothing is stored; what runs goes on, ends, and nothing is repeated', async () => {
    const redis = await redisServer();
    const product = await startProduct({ redisUrl: redis.url });
    await product.deploy('v1');
    const go = product.signal();
    const ids = await product.enqueue(
      'ledger.steps',
      times(10, { items: ITEMS, everyMs: 30, until: go.path }),
    );
    // It saves, and then wants its effect recorded and a child enqueued: both wait for room.
    const [publisher] = await product.enqueue('ledger.publisher', [
      { items: 6, everyMs: 30, until: go.path },
    ]);
    await product.all([...ids, publisher!], ['running']);
    const stored = await keysOf(product, redis);

    await fill(redis);
    const payload = { ledger: product.ledger, items: 1 };
    const one = await post(product, 'runs', { payload }, 'key-1');
    expect(one).toMatchObject({ status: 503, retryAfter: '10', type: '/problems/unavailable' });
    expect(one.detail).toMatch(/out of memory, and nothing was stored.*maxmemory/);
    expect(await post(product, 'runs/bulk', times(500, { payload }))).toMatchObject({ status: 503 });
    await saysSo(product, /out of memory.*maxmemory/, ['host', 'queues']);
    expect(await keysOf(product, redis)).toEqual(stored);

    go.open();
    const during = await product.all(ids, ['completed']);
    expect(during.every(run => run.result === ITEMS && run.attempt === 1)).toBe(true);
    // Renewed four times in its life, and more often than that: nobody takes the run for abandoned.
    await renewals(product, 'publisher', publisher!, 6);
    expect(await product.run(publisher!)).toMatchObject({ state: 'running' });

    await makeRoom(redis);
    await toldOnce(product, /out of memory/);
    const [published] = await product.all([publisher!], ['completed']);
    expect(published).toMatchObject({ attempt: 1, result: { seed: 7 } });
    const effects = readLedger(product.ledger);
    expect(account(effects, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
    expect(effects.filter(({ run }) => run === publisher).map(({ item }) => item)).toEqual([1_000, 2_000]);
    // The failed request may be sent again under its key.
    const again = await post(product, 'runs', { payload }, 'key-1');
    expect(again.status).toBe(202);
  });

  test('a window that is under way ends, and a new one is refused', async () => {
    const redis = await redisServer();
    const product = await startProduct({ redisUrl: redis.url, hosts: 2, workers: 1 });
    await product.deploy('v1');
    const release = await product.push('v2');
    const go = product.signal();
    const ids = await product.enqueue(
      'ledger.steps',
      times(20, { items: ITEMS, everyMs: 400, until: go.path }),
    );
    await product.all(ids, ['running']);
    const opened = await product.open(release, { drainTimeout: '30s' });
    await product.reached(opened.id, 'draining');

    await fill(redis);
    const window = await product.endedAs(opened.id, 'completed');
    expect(await product.client.list('/v1/holds')).toEqual([]);
    await expect(product.open(window.previousRelease!)).rejects.toThrow(/out of memory/);
    go.open();
    const runs = await product.all(ids, ['completed']);
    expect(runs.every(run => run.attempt === 1 && run.result === ITEMS && run.release === release)).toBe(
      true,
    );
    const effects = readLedger(product.ledger);
    expect(account(effects, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
    expect(overlaps(effects)).toEqual([]);

    await makeRoom(redis);
    const [after] = await product.enqueue('ledger.steps', times(1, { items: 1, everyMs: 1 }));
    await product.all([after!], ['completed']);
  });

  test('an operator can extend and abort a window that is under way', async () => {
    const redis = await redisServer();
    const product = await startProduct({ redisUrl: redis.url });
    const v1 = await product.deploy('v1');
    const release = await product.push('v2');
    const end = product.signal();
    const inTheWay = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
    await product.all(inTheWay, ['running']);
    const { id } = await product.open(release);
    await product.reached(id, 'draining');

    await fill(redis);
    const extended = await product.client.post<Window>(`/v1/windows/${id}/extend`, { by: '1h' });
    expect(Date.parse(extended.endsBy!)).toBeGreaterThan(Date.now() + 3_600_000);
    await product.client.post(`/v1/windows/${id}/abort`, {});
    await product.endedAs(id, 'aborted');
    end.open();
    expect(await product.all(inTheWay, ['completed'])).toMatchObject([{ attempt: 1, release: v1 }]);
  });
});

const fill = (redis: RedisServer) => redis.redis.config('SET', 'maxmemory', 1);
const makeRoom = (redis: RedisServer) => redis.redis.config('SET', 'maxmemory', 0);
const times = <Item>(n: number, item: Item): Item[] => Array.from({ length: n }, () => item);

/** The keys of jobs, of which there may be no more after a request that failed. */
async function keysOf({ store }: Product, { redis }: RedisServer): Promise<string[]> {
  const keys = await redis.keys(`${store.queuePrefix}:*:run-*`);
  return keys.filter(key => /:run-\w+$/.test(key)).sort();
}

async function renewals({ store }: Product, queue: string, run: string, wanted: number): Promise<void> {
  let [seen, left] = [0, Number.POSITIVE_INFINITY];
  await eventually(async () => {
    const now = await store.redis.pttl(store.keys.lock(queue, run));
    if (now > left) seen++;
    left = now;
    return seen >= wanted;
  });
}

async function post(product: Product, what: string, body: unknown, key?: string) {
  const response = await fetch(`${product.client.url}/v1/jobs/ledger.steps/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
    body: JSON.stringify(body),
  });
  const { type, detail } = (await response.json()) as { type?: string; detail?: string };
  return { status: response.status, retryAfter: response.headers.get('retry-after'), type, detail };
}
