import { expect, test } from 'vitest';
import { readLedger } from './support/ledger.js';
import { startProduct } from './support/product.js';

test('steps, outside effects and children happen once in the life of a run that moved to another release', async () => {
  const product = await startProduct();
  await product.deploy('v1');
  const next = await product.push('v2');
  const go = product.signal();
  const ids = await product.enqueue(
    'ledger.publisher',
    Array.from({ length: 5 }, () => ({ items: 10, everyMs: 50, until: go.path })),
  );
  await product.all(ids, ['running']);
  const window = await product.open(next);
  await product.endedAs(window.id, 'completed');
  go.open();
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

test('an outside effect cut short by a crash parks the run as outcome unknown, and a person decides', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const effectsOf = (id: string) => readLedger(product.ledger).filter(({ run }) => run === id).length;
  const enqueue = async (idempotent: boolean) =>
    (await product.enqueue('ledger.unsure', [{ mark: product.signal().path, idempotent }]))[0]!;

  const again = await enqueue(false);
  const [parked] = await product.all([again], ['parked']);
  expect(parked!.parked!.reason).toMatch(/outcome unknown.*pay/s);
  await product.client.post(`/v1/runs/${again}/resume`, { choice: 'retry' });
  await product.all([again], ['completed']);
  expect(effectsOf(again)).toBe(2);

  const skipped = await enqueue(false);
  await product.all([skipped], ['parked']);
  await product.client.post(`/v1/runs/${skipped}/resume`, { choice: 'skip' });
  await product.all([skipped], ['completed']);
  expect(effectsOf(skipped)).toBe(1);

  const idempotent = await enqueue(true);
  await product.all([idempotent], ['completed']);
  expect(effectsOf(idempotent)).toBe(2);
});
