import { expect, test } from 'vitest';
import { createClient } from '../../src/cli/client.js';
import type { Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { spawnCli } from '../support/processes.js';
import { redisServer } from '../support/redis-servers.js';
import { tcpProxy } from '../support/tcp-proxy.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { hostsOf, type Product, startProduct } from './support/product.js';

const RUNS = 30;
const ITEMS = 20;
/** As `startProduct` has it. */
const LOCK_MS = 3_000;

describeWithRedisBinary('cut off from Redis in the middle of a window', () => {
  for (const when of ['before it hears of it', 'while draining'] as const) {
    test(`${when}, a host stops its runs before its locks end, the window goes on without it, and it rejoins on the right release`, async () => {
      const redis = await redisServer();
      const link = await tcpProxy(redis.port);
      // Most of the hosts stay: with half of them gone a window would be refused.
      const product = await startProduct({ redisUrl: redis.url, hosts: 2, workers: 1 });
      const far = await product.startHost({ REDIS_URL: `redis://127.0.0.1:${link.port}` });
      await product.deploy('v1');
      const release = await product.push('v2');
      const go = product.signal();
      const ids = await inFlight(product, go.path);
      const workers = new Set(far.children().map(({ pid }) => pid));
      const effectsSince = (since: bigint) =>
        readLedger(product.ledger).filter(({ pid, at }) => workers.has(pid) && BigInt(at) > since);
      await eventually(() => effectsSince(0n).length > 0);

      if (when !== 'while draining') link.cut();
      const opened = await product.open(release, { drainTimeout: '60s' });
      if (when === 'while draining') {
        await product.reached(opened.id, 'draining');
        link.cut();
      }
      const cutAt = process.hrtime.bigint();
      const window = await product.endedAs(opened.id, 'completed');
      // Its locks were renewed before the cut, so they ended no later than their full time after it.
      expect(effectsSince(cutAt + BigInt(LOCK_MS) * 1_000_000n)).toEqual([]);
      if (when !== 'while draining') expect(effectsSince(cutAt).length, 'it computed on').toBeGreaterThan(0);
      await eventually(async () => (await hostsOf(product)).length === 2);

      link.restore();
      await eventually(
        async () => {
          const hosts = await hostsOf(product);
          const releases = hosts.map(({ apps }) => apps.ledger?.release);
          expect(releases).toEqual([window.release, window.release, window.release]);
          return true;
        },
        { timeout: 60_000, what: 'all hosts on the next release' },
      );
      go.open();
      await allDone(product, ids, release);
    });
  }

  test('the leading server loses its lease, another one ends the window, and what the first one still sends is refused', async () => {
    const redis = await redisServer();
    const link = await tcpProxy(redis.port);
    const product = await startProduct({ redisUrl: redis.url, workers: 1 });
    await product.deploy('v1');
    const release = await product.push('v2');
    const lease = () => product.store.redis.hmget(product.store.keys.lease, 'owner', 'term');
    const [first] = await lease();
    const far = spawnCli(['serve', '--port', '0'], {
      env: { ...product.env, REDIS_URL: `redis://127.0.0.1:${link.port}` },
    });
    const [, farUrl] = await far.line(/^ready (http:\S+)$/);
    product.server.kill();
    await product.server.exit;
    await eventually(async () => (await lease())[0] !== first);
    const [leader, term] = await lease();
    await product.startServer();

    const go = product.signal();
    const ids = await inFlight(product, go.path);
    // It keeps the window draining until the leader is cut off.
    const end = product.signal();
    const [stubborn] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
    await product.all([stubborn!], ['running']);
    const opened = await product.open(release, { drainTimeout: '60s' });
    await product.phase(opened.id, 'draining');
    link.cut();
    end.open();
    await product.endedAs(opened.id, 'completed');
    const [successor, nextTerm] = await lease();
    expect(successor).not.toBe(leader);
    expect(Number(nextTerm)).toBeGreaterThan(Number(term));
    const report = await product.report(opened.id);

    link.restore();
    // It serves again, as a follower, and has changed nothing.
    const back = createClient({ url: farUrl! });
    const seen = await eventually(() => back.get<Window>(`/v1/windows/${opened.id}`), { timeout: 60_000 });
    expect(seen).toEqual(await product.client.get<Window>(`/v1/windows/${opened.id}`));
    expect(await product.report(opened.id)).toEqual(report);
    expect((await lease())[0]).toBe(successor);
    go.open();
    await allDone(product, ids, release);
  });

  test('a slow link costs time and nothing else', async () => {
    const redis = await redisServer();
    const link = await tcpProxy(redis.port);
    const product = await startProduct({ redisUrl: redis.url, workers: 1 });
    await product.deploy('v1');
    await product.startHost({ REDIS_URL: `redis://127.0.0.1:${link.port}` });
    const go = product.signal();
    const ids = await inFlight(product, go.path);
    link.slow(150);
    const release = await product.deploy('v2');
    go.open();
    await allDone(product, ids, release);
    expect(account(readLedger(product.ledger), ids, ITEMS).repeated).toEqual([]);
  });
});

async function inFlight(product: Product, until: string): Promise<string[]> {
  const payload = { items: ITEMS, everyMs: 700, until };
  const ids = await product.enqueue(
    'ledger.steps',
    Array.from({ length: RUNS }, () => payload),
  );
  await product.all(ids, ['running']);
  return ids;
}

async function allDone(product: Product, ids: string[], release: string): Promise<void> {
  const runs = await product.all(ids, ['completed'], 90_000);
  expect(runs.every(run => run.attempt === 1 && run.result === ITEMS && run.release === release)).toBe(true);
  const effects = readLedger(product.ledger);
  expect(account(effects, ids, ITEMS)).toMatchObject({ lost: [], retried: [] });
  expect(overlaps(effects)).toEqual([]);
  expect(await product.client.list('/v1/holds')).toEqual([]);
}
