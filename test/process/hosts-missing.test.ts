import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { cableTo } from '../support/cable.js';
import { eventually } from '../support/eventually.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import type { RunningProcess } from '../support/processes.js';
import { redisServer } from '../support/redis-servers.js';
import { tempDir } from '../support/temp-dir.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { hostsOf, type Product, startProduct } from './support/product.js';

const ITEMS = 12;

describe('a window is refused before anything pauses, and says which hosts', () => {
  test('where one of them cannot get the release', async () => {
    const product = await startProduct();
    const data = tempDir('hosts-missing');
    const without = await product.startHost({ SLACKWATER_DATA: data });
    await product.deploy('v1');
    const inFlight = await running(product);
    // Its disk takes no other release: a file stands where its folder was.
    rmSync(path.join(data, 'releases'), { recursive: true });
    writeFileSync(path.join(data, 'releases'), '');

    const opened = await product.open(await product.push('v2'));
    const window = await product.endedAs(opened.id, 'refused');
    expect(window.summary).toMatch(new RegExp(`does not load on host ${await idOf(without)}: .*releases`));
    await nothingPaused(product, window, inFlight);
  });

  test('where half of them are gone', async () => {
    const product = await startProduct({ hosts: 4, workers: 1 });
    await product.deploy('v1');
    const inFlight = await running(product);
    const next = await product.push('v2');
    const gone = product.hosts.slice(0, 2);
    for (const host of gone) host.kill('SIGKILL');

    // Their records are there for a while, so the window begins with all four.
    const opened = await product.open(next);
    const window = await product.endedAs(opened.id, 'refused');
    for (const host of gone) expect(window.summary).toContain(await idOf(host));
    expect(window.summary).toMatch(/which leaves 2 hosts/);
    await nothingPaused(product, window, inFlight);
  });
});

describeWithRedisBinary('a host cut off from Redis', () => {
  test('stops its runs before its locks end; the window goes on without it, and it comes back on the new release', async () => {
    const redis = await redisServer();
    const cable = await cableTo(redis.port);
    const product = await startProduct({ redisUrl: redis.url, workers: 1 });
    const remote = await product.startHost({ REDIS_URL: `redis://127.0.0.1:${cable.port}` });
    await product.deploy('v1');
    // Long steps keep the window draining for as long as it takes to cut the cable.
    const { ids, go } = await running(product, 700);
    const workers = new Set(remote.children().map(({ pid }) => pid));
    const next = await product.push('v2');
    const opened = await product.open(next, { drainTimeout: '60s' });
    await product.reached(opened.id, 'draining');
    cable.cut();

    const window = await product.endedAs(opened.id, 'completed', 60_000);
    expect(window.hosts.map(({ id }) => id)).not.toContain(await idOf(remote));
    expect(readLedger(product.ledger).some(({ pid }) => workers.has(pid))).toBe(true);
    go.open();
    await product.all(ids, ['completed'], 90_000);
    cable.mend();
    await eventually(
      async () => {
        const releases = (await hostsOf(product)).map(({ apps }) => apps.ledger?.release);
        return releases.length === 2 && releases.every(release => release === next);
      },
      { timeout: 30_000, what: 'both hosts on the new release' },
    );

    // What was on its way when the cable was cut has arrived by now, and changed nothing.
    const runs = await product.runs(ids);
    expect(runs.every(run => run.state === 'completed' && run.result === ITEMS && run.attempt === 1)).toBe(
      true,
    );
    const effects = readLedger(product.ledger);
    expect(account(effects, ids, ITEMS)).toMatchObject({ lost: [], retried: [] });
    expect(overlaps(effects)).toEqual([]);
    await product.startHost();
    const [after] = await product.enqueue('ledger.steps', [{ items: 1, everyMs: 1 }]);
    expect((await product.all([after!], ['completed']))[0]).toMatchObject({ release: next });
  });
});

async function running(product: Product, everyMs = 50) {
  const go = product.signal();
  const payload = { items: ITEMS, everyMs, until: go.path };
  const ids = await product.enqueue('ledger.steps', Array(20).fill(payload));
  await product.all(ids, ['running']);
  return { ids, go };
}

async function nothingPaused(
  product: Product,
  window: Window,
  { ids, go }: Awaited<ReturnType<typeof running>>,
): Promise<void> {
  expect(window.phases.map(({ phase }) => phase)).toEqual(['scheduled', 'preparing', 'done']);
  expect(window.summary).toContain('othing was paused');
  expect(await product.client.list('/v1/holds')).toEqual([]);
  go.open();
  const runs = await product.all(ids, ['completed']);
  expect(runs.every(run => run.attempt === 1 && run.release === window.previousRelease)).toBe(true);
}

const idOf = async (host: RunningProcess): Promise<string> => (await host.line(/^host (\S+) ready$/))[1]!;
