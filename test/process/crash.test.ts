import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

test('runs of a killed worker go on in another at once, from their last checkpoint, no attempt spent', async () => {
  const product = await startProduct();
  await product.deploy('v1');
  const { ids, go } = await inFlight(product, 20, 60);
  process.kill(workersOf(product)[0]!, 'SIGKILL');
  go.open();

  const runs = await product.all(ids, ['completed']);
  expect(runs.every(run => run.attempt === 1)).toBe(true);
  expect(product.hosts[0]!.stderr).toMatch(
    /a worker of release \w+ was ended by SIGKILL; its .* from the last save/,
  );
  const effects = readLedger(product.ledger);
  const { lost, retried, repeated } = account(effects, ids, 60);
  expect({ lost, retried }).toEqual({ lost: [], retried: [] });
  expect(repeated.length, 'only what was not saved is done again').toBeLessThan(20 * 20);
  expect(overlaps(effects)).toEqual([]);
});

test('a run that kills its worker three times without advancing is parked; its neighbours complete', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const mark = path.join(path.dirname(product.ledger), 'mark');
  const neighbours = await product.enqueue(
    'ledger.steps',
    Array.from({ length: 5 }, () => ({ items: 200, everyMs: 30 })),
  );
  await product.all(neighbours, ['running']);
  const [poison] = await product.enqueue('ledger.poison', [{ mark, times: 100 }]);

  const [parked] = await product.all([poison!], ['parked']);
  expect(parked!.parked).toMatchObject({ choices: expect.arrayContaining(['retry', 'cancel']) });
  expect(parked!.parked!.reason).toMatch(/died 3 times/);
  expect(product.hosts[0]!.stderr).toMatch(
    new RegExp(`run ${poison} .* is parked until a person decides: its worker`),
  );
  const effects = readLedger(product.ledger);
  expect(effects.filter(({ run }) => run === poison)).toHaveLength(3);
  const runs = await product.all(neighbours, ['completed']);
  expect(runs.every(run => run.attempt === 1)).toBe(true);
});

test('a neighbour that has advanced alone makes room for the next one: none waits for the end of another', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const [first, last] = [product.signal(), product.signal()];
  const payload = { first: first.path, last: last.path };
  const neighbours = await product.enqueue('ledger.apart', Array(4).fill(payload));
  const doneBy = (item: number) =>
    new Set(
      readLedger(product.ledger)
        .filter(effect => effect.item === item)
        .map(({ run }) => run),
    );
  await eventually(() => neighbours.every(run => doneBy(0).has(run)));
  const mark = path.join(path.dirname(product.ledger), 'mark');
  const [poison] = await product.enqueue('ledger.poison', [{ mark, times: 100 }]);
  const told = (run: string) =>
    new RegExp(`run ${run} .* waits to run alone, .*: its worker died 2 times`).test(
      product.hosts[0]!.stderr,
    );
  await eventually(() => [...neighbours, poison!].every(told));
  first.open();

  await eventually(() => neighbours.every(run => doneBy(1).has(run)));
  const [parked] = await product.all([poison!], ['parked']);
  expect(parked!.parked!.reason).toMatch(/died 3 times/);
  // None has ended; one may just be on its way to the others.
  await product.all(neighbours, ['running']);
  last.open();
  const runs = await product.all(neighbours, ['completed']);
  expect(runs.every(run => run.attempt === 1)).toBe(true);
});

test('a worker that blocks its event loop beyond the lock time keeps its runs', async () => {
  // Locks last three seconds here: a host that has a bad second must not lose them.
  const product = await startProduct({ hosts: 2, workers: 1 });
  await product.deploy('v1');
  const [deaf] = await product.enqueue('ledger.deaf', [{ forMs: 7_000 }]);
  const [run] = await product.all([deaf!], ['completed']);
  expect(run).toMatchObject({ attempt: 1, result: 'computed' });
  expect(readLedger(product.ledger).map(({ item, fence }) => [item, fence])).toEqual([
    [0, 1],
    [2, 1],
  ]);
});

test('cancelling a deaf run ends its worker; the runs beside it go on', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const [deaf] = await product.enqueue('ledger.deaf', [{ forMs: 60_000 }]);
  await eventually(() => readLedger(product.ledger).length === 1);
  await product.client.post(`/v1/runs/${deaf}/cancel`);
  const [run] = await product.all([deaf!], ['cancelled']);
  expect(run!.finishedAt).not.toBeNull();
  const [next] = await product.enqueue('ledger.steps', [{ items: 3, everyMs: 1 }]);
  await product.all([next!], ['completed']);
});

test('the runs of a killed host go on in another when its locks have ended', async () => {
  const product = await startProduct({ hosts: 2 });
  await product.deploy('v1');
  const { ids, go } = await inFlight(product, 40, 100);
  product.hosts[0]!.kill('SIGKILL');
  go.open();
  const runs = await product.all(ids, ['completed']);
  expect(runs.every(run => run.attempt === 1)).toBe(true);
  const effects = readLedger(product.ledger);
  expect(account(effects, ids, 100)).toMatchObject({ lost: [], retried: [] });
  expect(overlaps(effects)).toEqual([]);
  await eventually(() => /host \S+ on \S+ is silent: its runs go on elsewhere/.test(product.server.stderr));
});

test('a host that leaves gives its runs back: they go on elsewhere, nothing repeated', async () => {
  const product = await startProduct({ hosts: 2 });
  await product.deploy('v1');
  const { ids, go } = await inFlight(product, 20, 60);
  product.hosts[0]!.kill('SIGTERM');
  expect(await product.hosts[0]!.exit).toMatchObject({ code: 0 });
  go.open();
  const runs = await product.all(ids, ['completed']);
  expect(runs.every(run => run.attempt === 1)).toBe(true);
  expect(account(readLedger(product.ledger), ids, 60)).toEqual({ lost: [], retried: [], repeated: [] });
});

/** So many runs of so many items, each of which has done some and waits half-way for `go`. */
async function inFlight(product: Product, runs: number, items: number) {
  const go = product.signal();
  const ids = await product.enqueue('ledger.steps', Array(runs).fill({ items, everyMs: 50, until: go.path }));
  await product.all(ids, ['running']);
  await eventually(() => readLedger(product.ledger).length > 10 * runs);
  return { ids, go };
}

const workersOf = (product: Product): number[] =>
  product.hosts.flatMap(host =>
    host
      .children()
      .filter(({ command }) => /slackwater worker|worker\/main\.js/.test(command))
      .map(({ pid }) => pid),
  );
