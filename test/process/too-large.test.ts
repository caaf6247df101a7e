import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../support/temp-dir.js';
import { readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const KIB = 1_024;

test('a payload, a checkpoint and a release that are too large are refused with what to change, and nothing of them is stored', async () => {
  const product = await startProduct({
    workers: 1,
    env: {
      SLACKWATER_LIMITS_PAYLOAD_BYTES: '2KiB',
      SLACKWATER_LIMITS_CHECKPOINT_BYTES: '1KiB',
      SLACKWATER_LIMITS_RELEASE_BYTES: '4MiB',
    },
  });
  await product.deploy('faulty');
  const before = await keysOf(product);

  const large = product.enqueue('ledger.poison', [{ mark: 'x'.repeat(3 * KIB), times: 1 }]);
  await expect(large).rejects.toMatchObject({
    code: 'too-large',
    message: expect.stringContaining('limits.payloadBytes'),
    errors: [{ pointer: expect.stringContaining('/payload') }],
  });

  const folder = path.join(tempDir('too-large'), 'jobs');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'large.ts'), sourceOf(5 * KIB * KIB));
  await expect(product.push(folder)).rejects.toMatchObject({
    code: 'too-large',
    message: expect.stringContaining('limits.releaseBytes'),
  });
  expect(await keysOf(product)).toEqual(before);

  const [id] = await product.enqueue('ledger.growing', [{ bytes: 3 * KIB }]);
  const [run] = await product.all([id!], ['failed']);
  expect(run!.error!.message).toMatch(
    /the state of job "ledger\.growing" has 3,\d+ bytes, the limit is 1,024: keep large data elsewhere/,
  );
  const { redis, keys } = product.store;
  expect(Buffer.byteLength((await redis.hget(keys.run('growing', id!), 'state')) ?? '')).toBeLessThan(KIB);
  expect(readLedger(product.ledger)).toHaveLength(1);
});

/** A job that carries so much text with it. */
const sourceOf = (bytes: number) => `
import { defineJob } from 'slackwater';
const text = '${'x'.repeat(bytes)}';
export default defineJob({ name: 'ledger.large', queue: 'large', run: () => text.length });
`;

/** All that is kept, but for what comes and goes by itself. */
async function keysOf({ store }: Product): Promise<string[]> {
  const found = [
    ...(await store.redis.keys(`*${store.namespace}*`)),
    ...(await store.redis.keys(`${store.queuePrefix}:*`)),
  ];
  return found.filter(key => !/:stalled-check$/.test(key)).sort();
}
