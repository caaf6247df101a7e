import { expect, test } from 'vitest';
import type { Run } from '../../src/model/run.js';
import type { Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { useQueues } from '../support/queues.js';
import { readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

/** Puts runs into the queue as a plain producer does, who asks nobody what jobs there are. */
async function produce({ store, ledger }: Product, job: string, ids: string[]): Promise<string[]> {
  const queues = useQueues(store);
  const jobs = ids.map((jobId, i) => ({ name: job, data: { ledger, i }, opts: { jobId } }));
  await queues.get('roll').addBulk(jobs);
  return ids;
}

test('while hosts run two releases, a step whose job only one of them has waits for the end of the window, and a run of such a job finds its host', async () => {
  const product = await startProduct({ hosts: 3, workers: 1 });
  await product.deploy('roll-1');
  const next = await product.push('roll-2');
  const { id } = await product.open(next, { strategy: 'rolling', rolling: { batch: 1, pause: '6s' } });
  await eventually(async () => (await product.client.get<Window>(`/v1/windows/${id}`)).moved.length === 1);
  const body = { payload: { ledger: product.ledger } };
  const asked = Array.from({ length: 6 }, () => product.client.post<Run>('/v1/jobs/roll/runs', body));
  const ids = (await Promise.all(asked)).map(run => run.id);
  const plain = await produce(product, 'roll.second', ['p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
  await product.all(plain, ['completed']);
  await product.all(
    ids.map(run => `${run}@list`),
    ['completed'],
  );
  await product.endedAs(id, 'completed', 90_000);
  const runs = await product.all(ids, ['completed']);
  for (const run of runs) expect(run.result).toEqual({ each: 5 });
  const parts = await product.runs(ids.flatMap(run => [0, 1, 2, 3, 4].map(i => `${run}@each,${i}`)));
  expect(new Set(parts.map(({ job }) => job))).toEqual(new Set(['roll.second']));
  expect(await product.client.list<Run>('/v1/runs?state=parked')).toEqual([]);
});

test('a run whose job the release lacks is parked, and goes on by itself when a release comes that has it', async () => {
  const product = await startProduct({ hosts: 2 });
  await product.deploy('roll-1');
  const ids = await produce(product, 'roll.second', ['p1', 'p2', 'p3', 'p4']);
  const [run] = await product.all(ids, ['parked']);
  expect(run!.parked).toMatchObject({
    reason: expect.stringMatching(
      /^job roll.second is not in release \S+: deploy a release that has it \(it then goes on by itself\), or cancel the run$/,
    ),
    choices: ['retry', 'cancel'],
  });
  // A person who retries too early does no harm, and who cancels has decided.
  await product.client.post(`/v1/runs/p1/retry`, {});
  await product.client.post(`/v1/runs/p2/resume`, { choice: 'cancel' });
  await product.all(['p1'], ['parked']);

  await product.deploy('roll-2');
  const ended = await product.all(['p1', 'p3', 'p4'], ['completed']);
  expect(ended.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  await product.all(['p2'], ['cancelled']);
  await eventually(
    async () => (await product.store.redis.exists(product.store.keys.withoutJob('roll'))) === 0,
  );
  expect((await product.run('p2')).state).toBe('cancelled');
  expect(
    readLedger(product.ledger)
      .map(({ run }) => run)
      .sort(),
  ).toEqual(['p1', 'p3', 'p4']);
});
