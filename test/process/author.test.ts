import { expect, test } from 'vitest';
import { readLedger } from './support/ledger.js';
import { startProduct } from './support/product.js';

test('steps, outside effects and children happen once in the life of a run that moved to another release', async () => {
  const product = await startProduct();
  await product.deploy('v1');
  const ids = await product.enqueue(
    'ledger.publisher',
    Array.from({ length: 5 }, () => ({ items: 40, everyMs: 50 })),
  );
  await product.all(ids, ['running']);
  const window = await product.open(await product.push('v2'));
  expect(await product.ended(window.id)).toMatchObject({ outcome: 'completed' });
  const runs = await product.all(ids, ['completed']);
  const effects = readLedger(product.ledger);
  for (const run of runs) {
    expect(run).toMatchObject({ attempt: 1, release: window.release, result: { seed: 7 } });
    expect(effects.filter(effect => effect.run === run.id).map(({ item }) => item)).toEqual([1_000, 2_000]);
  }
  const children = runs.map(run => (run.result as { child: string }).child);
  expect(new Set(children).size).toBe(5);
  await product.all(children, ['completed']);
});
