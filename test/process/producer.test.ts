import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { spawnNode } from '../support/processes.js';
import { readLedger } from './support/ledger.js';
import { startProduct } from './support/product.js';

/** A program that knows BullMQ and nothing of Slackwater. */
const PRODUCER = `
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
const [url, prefix, ledger, count] = process.argv.slice(1);
const connection = url.startsWith('unix://') ? new Redis(url.slice(7)) : new Redis(url);
const queue = new Queue('steps', { connection, prefix });
for (let i = 0; i < Number(count); i++) {
  const job = await queue.add('ledger.steps', { ledger, items: 3, everyMs: 20 });
  console.log('added ' + job.id);
}
await queue.close();
connection.disconnect();
`;

test('a producer that is plain BullMQ works, also in a window', async () => {
  const product = await startProduct();
  await product.deploy('v1');
  const produce = async (count: number) => {
    const args = [
      '--input-type=module',
      '-e',
      PRODUCER,
      product.store.url,
      product.store.queuePrefix,
      product.ledger,
      String(count),
    ];
    const { code, stdout, stderr } = await spawnNode(args).exit;
    expect(code, stderr).toBe(0);
    return [...stdout.matchAll(/added (\d+)/g)].map(([, id]) => `steps~${id}`);
  };
  const before = await produce(3);
  await product.all(before, ['completed']);

  const end = product.signal();
  const [stubborn] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
  await product.all([stubborn!], ['running']);
  const window = await product.open(await product.push('v2'));
  await eventually(async () =>
    (await product.client.list<{ name: string; paused: boolean }>('/v1/queues')).some(
      q => q.name === 'steps' && q.paused,
    ),
  );
  const during = await produce(3);
  expect((await product.runs(during)).map(({ state }) => state)).toEqual(['queued', 'queued', 'queued']);
  end.open();
  await product.endedAs(window.id, 'completed');
  const runs = await product.all(during, ['completed']);
  expect(runs.every(run => run.release === window.release && run.attempt === 1 && run.result === 3)).toBe(
    true,
  );
  expect(readLedger(product.ledger).filter(({ run }) => run !== stubborn)).toHaveLength(18);
});
