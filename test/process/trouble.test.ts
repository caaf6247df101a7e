import { rmSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeWithRedisBinary, privateRedis } from '../support/private-redis.js';
import { readLedger } from './support/ledger.js';
import { startProduct } from './support/product.js';

describeWithRedisBinary('a Redis that refuses writes', () => {
  test('neither fails nor hangs a run that ends meanwhile', async () => {
    const redis = await privateRedis();
    const product = await startProduct({ redisUrl: redis.url });
    await product.deploy('v1');
    const end = product.signal();
    const [run] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
    await product.all([run!], ['running']);
    const admin = new Redis(redis.url.replace('unix://', ''));
    await admin.config('SET', 'min-replicas-to-write', '1');
    end.open();
    await eventually(() => readLedger(product.ledger).some(({ item }) => item === 1));
    // Long enough for the end of the run to have been refused.
    await eventually(async () => /errorstat_NOREPLICAS:count=\d+/.test(await admin.info('errorstats')));
    await admin.config('SET', 'min-replicas-to-write', '0');
    admin.disconnect();
    const [done] = await product.all([run!], ['completed']);
    expect(done).toMatchObject({ attempt: 1, result: 'finished' });
    expect(readLedger(product.ledger).map(({ item }) => item)).toEqual([0, 1]);
  });
});

test('an outside effect that always fails spends the attempts of its run, and no more', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const [id] = await product.enqueue('ledger.failing', [{}]);
  const [run] = await product.all([id!], ['failed']);
  expect(run!.error).toMatchObject({ message: 'the bank is closed' });
  expect(readLedger(product.ledger).map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
});

test('a state that a run saves and leaves while its window drains is proven too', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const next = await product.push('v2');
  const [id] = await product.enqueue('ledger.parting', [{}]);
  await eventually(async () => (await product.run(id!)).checkpoint);
  const window = await product.endedAs((await product.open(next)).id, 'refused');
  expect(window.phases.map(({ phase }) => phase)).toContain('draining');
  expect(window.refusals).toMatchObject([{ run: id, job: 'ledger.parting', path: '/left' }]);
});

test('a host of other queues takes no part in a window', async () => {
  const product = await startProduct({ hosts: 0 });
  await product.startHost({ SLACKWATER_QUEUES: 'nobody' });
  await product.startHost();
  await product.deploy('v1');
  const [id] = await product.enqueue('ledger.steps', [{ items: 2, everyMs: 1 }]);
  await product.all([id!], ['completed']);
  expect(product.hosts[0]!.children()).toEqual([]);
});

test('a run that waits in a queue which its job has left is not forgotten', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const hold = await product.client.post<{ id: string }>('/v1/holds', {
    queues: ['steps'],
    reason: 'a test',
    until: new Date(Date.now() + 600_000).toISOString(),
  });
  const [id] = await product.enqueue('ledger.steps', [{ items: 2, everyMs: 1 }]);
  await product.endedAs((await product.open(await product.push('moved'))).id, 'completed');
  expect((await product.run(id!)).state).toBe('queued');
  await product.client.remove(`/v1/holds/${hold.id}`);
  const [run] = await product.all([id!], ['completed']);
  expect(run).toMatchObject({ queue: 'steps', result: 2 });
});

test('a host that lost the files of its release fetches them again when a worker dies', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const go = product.signal();
  const [id] = await product.enqueue('ledger.steps', [{ items: 4, everyMs: 20, until: go.path }]);
  await eventually(async () => (await product.run(id!)).checkpoint);
  rmSync(path.join(product.data, 'releases'), { recursive: true });
  const worker = product.hosts[0]!.children().find(({ command }) => /worker/.test(command));
  process.kill(worker!.pid, 'SIGKILL');
  go.open();
  const [run] = await product.all([id!], ['completed']);
  expect(run).toMatchObject({ attempt: 1, result: 4 });
});
