import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Window } from '../../src/model/window.js';
import type { RunningProcess } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { type Product, startProduct } from './support/product.js';

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

async function running(product: Product) {
  const go = product.signal();
  const payload = { items: 12, everyMs: 50, until: go.path };
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
