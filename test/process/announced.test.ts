import { expect, test } from 'vitest';
import { bucketOf, weightAt } from '../../src/model/histogram.js';
import { addPaces } from '../../src/store/paces.js';
import { redisNow } from '../../src/store/redis.js';
import { eventually } from '../support/eventually.js';
import { hostsOf, type Product, startProduct } from './support/product.js';

const HOUR_MS = 3_600_000;

test('a run that a window would find in its way waits from the announcement on, says so, and lets others pass', async () => {
  const product = await startProduct({ workers: 1 });
  // Runs of this job are known to take two hours.
  const learned = { job: 'together.long', kind: 'end' as const, bucket: bucketOf(2 * HOUR_MS) };
  await addPaces(product.store, 'ledger', [{ ...learned, weight: weightAt(Date.now()) }]);
  await product.deploy('together-1');
  const next = await product.push('together-2');
  const startsAt = new Date(Date.now() + HOUR_MS).toISOString();
  const window = await product.open(next, { startsAt, announce: '2h', reason: 'the new rates' });
  await heard(product);

  const { id, heldBy } = await product.client.post<{ id: string; heldBy: unknown[] }>(
    '/v1/jobs/together.long/runs',
    { payload: { ledger: product.ledger } },
  );
  const until = new Date(Date.parse(startsAt) + HOUR_MS).toISOString();
  expect(heldBy).toEqual([{ window: window.id, reason: 'the new rates', until }]);
  // More than there is room for in their queue.
  const long = [id, ...(await product.enqueue('together.long', [{}, {}, {}, {}, {}]))];
  const short = await product.enqueue('together.short', [{}, {}]);
  expect((await product.all(short, ['completed'])).map(run => run.heldBy)).toEqual([[], []]);
  for (const run of await product.runs(long))
    expect(run).toMatchObject({ state: 'queued', heldBy: [{ window: window.id, reason: 'the new rates' }] });

  await product.client.post(`/v1/windows/${window.id}/cancel`, {});
  const ended = await product.all(long, ['completed']);
  expect(ended.map(run => run.heldBy)).toEqual(long.map(() => []));
});

/** A host looks once a second, and then tells of itself: one that told two seconds later knows all that was there by now. */
async function heard(product: Product): Promise<void> {
  const by = (await redisNow(product.store.redis)) + 2_000;
  await eventually(async () => (await hostsOf(product)).every(({ seenAt }) => Date.parse(seenAt) > by));
}
