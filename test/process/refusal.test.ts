import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { readLedger } from './support/ledger.js';
import { startProduct } from './support/product.js';

test('a release that cannot read a live state is refused before anything pauses, with run, job, versions and path', async () => {
  const product = await startProduct();
  const v1 = await product.deploy('v1');
  const next = await product.push('unreadable');
  const go = product.signal();
  const ids = await product.enqueue(
    'ledger.steps',
    Array.from({ length: 10 }, () => ({ items: 20, everyMs: 50, until: go.path })),
  );
  await product.all(ids, ['running']);
  await eventually(async () => (await product.runs(ids)).every(run => run.checkpoint), {
    what: 'a saved state of each run',
  });

  const window = await product.endedAs((await product.open(next)).id, 'refused');
  go.open();
  expect(window.phases.map(({ phase }) => phase)).toEqual(['scheduled', 'preparing', 'done']);
  expect(window.refusals).toHaveLength(ids.length);
  const [refusal] = window.refusals;
  expect(ids).toContain(refusal!.run);
  expect(refusal).toMatchObject({
    job: 'ledger.steps',
    queue: 'steps',
    from: 1,
    to: 2,
    direction: 'up',
    path: '/position/next',
  });
  expect(refusal!.message).toMatch(/number/);
  expect(window.summary).toMatch(/ledger\.steps/);
  expect((await product.report(window.id)).outcome).toBe('refused');

  const runs = await product.all(ids, ['completed']);
  expect(runs.every(run => run.attempt === 1 && run.release === v1)).toBe(true);
  const effects = readLedger(product.ledger);
  expect(new Set(effects.map(({ fence }) => fence)), 'no run was stopped, not even for a moment').toEqual(
    new Set([1]),
  );
  expect(effects).toHaveLength(ids.length * 20);
  expect(await product.client.list('/v1/holds')).toEqual([]);
});
