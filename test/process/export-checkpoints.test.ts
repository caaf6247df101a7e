import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { SavedState } from '../../src/model/saved-state.js';
import { eventually } from '../support/eventually.js';
import { shown } from '../support/process-output.js';
import { runCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { type Product, startProduct } from './support/product.js';

const parse = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as SavedState);

/** Runs of two jobs that stay in flight, each with a state. */
async function inFlight(): Promise<{
  product: Product;
  ids: string[];
  cli: (...args: string[]) => Promise<string>;
}> {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const until = product.signal().path;
  const payloads = [2, 4, 8].map(items => ({ items, everyMs: 5, until }));
  const ids = [
    ...(await product.enqueue('ledger.steps', payloads)),
    ...(await product.enqueue('ledger.publisher', payloads.slice(1))),
  ];
  // Half-way they wait, and what they saved last stays.
  await eventually(async () => {
    const found = await product.client.list<SavedState>('/v1/checkpoints');
    const at = found.map(({ state }) => Object.values(JSON.parse(state!.slice(1)))[0]).sort();
    return JSON.stringify(at) === '[1,2,2,4,4]';
  });
  const cli = async (...args: string[]) => {
    const exit = await runCli(['runs', 'export-checkpoints', '--url', product.client.url, ...args]);
    expect(exit.code, shown(exit)).toBe(0);
    return exit.stdout;
  };
  return { product, ids, cli };
}

test('live checkpoints are exported as lines, and as a corpus that only grows', async () => {
  const { product, ids, cli } = await inFlight();
  const lines = parse(await cli());
  expect(lines.map(({ run }) => run).sort()).toEqual([...ids].sort());
  expect(lines[0]).toMatchObject({ version: 1, release: expect.any(String), savedAt: expect.any(String) });
  expect(parse(await cli('--job', 'ledger.steps'))).toHaveLength(3);
  expect(parse(await cli('--limit', '2'))).toHaveLength(2);

  const folder = tempDir('corpus');
  const file = path.join(folder, 'all.jsonl');
  await cli('--out', file);
  expect(parse(readFileSync(file, 'utf8'))).toHaveLength(5);

  const states = path.join(folder, 'states');
  const first = JSON.parse(await cli('--out', states, '--json'));
  expect(first).toMatchObject({ added: 5, known: 0, leftOut: 0, empty: 0 });
  expect(readdirSync(states).sort()).toEqual(['ledger.publisher', 'ledger.steps']);
  const steps = path.join(states, 'ledger.steps', 'v1.jsonl');
  const before = readFileSync(steps, 'utf8');
  expect(parse(before).map(({ savedAt }) => savedAt)).toEqual(
    parse(before)
      .map(({ savedAt }) => savedAt)
      .sort(),
  );

  // One was mended by hand, which makes it another: the state that it was is new again.
  writeFileSync(steps, before.replace('{\\"done\\":1}', '{\\"done\\":1000}'));
  const second = JSON.parse(await cli('--out', states, '--json'));
  expect(second).toMatchObject({ added: 1, known: 4, files: [steps] });
  expect(parse(readFileSync(steps, 'utf8'))).toHaveLength(4);
  const full = JSON.parse(await cli('--out', path.join(folder, 'small'), '--limit', '1', '--json'));
  expect(full).toMatchObject({ added: 2, leftOut: 3 });
  expect(await product.client.list('/v1/holds')).toEqual([]);
});
