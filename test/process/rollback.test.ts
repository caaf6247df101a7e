import { expect, test } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const RUNS = 20;
const ITEMS = 60;
const watch = { duration: '60s', minRuns: 20, maxFailureRate: 0.2, maxCrashes: 3, maxParked: 0 };

test('a release whose runs fail after the swap is rolled back by itself: what was done since is kept, and the report compares', async () => {
  const product = await startProduct({ hosts: 2, workers: 1 });
  const { old, sour, ids, go } = await underWay(product);

  const opened = await product.open(sour, { watch });
  await beyondTheSwap(product, opened, go);
  const short = await product.enqueue(
    'ledger.short',
    Array.from({ length: 30 }, () => ({})),
  );
  const window = await product.endedAs(opened.id, 'rolled-back');

  expect(window.summary).toMatch(
    /of \d+ ends failed on the new release \(20 % allowed; 0 % on the former one\)/,
  );
  expect(window.rollback).toMatchObject({ from: 'watching' });
  const report = await product.report(opened.id);
  expect(report.watch!.failureRate).toMatchObject({ new: expect.any(Number), old: 0 });
  expect(report.watch!.failureRate.new).toBeGreaterThan(0.2);
  expect(report.failures!.length).toBeGreaterThan(0);
  for (const failure of report.failures!) {
    expect(short).toContain(failure.run);
    expect(failure).toMatchObject({ job: 'ledger.short', state: 'failed', release: sour });
    expect(failure.error).toMatch(/the column was renamed/);
  }
  await goesOnOn(product, old, [...ids, ...short]);
  const effects = readLedger(product.ledger);
  const stepsOnly = effects.filter(({ run }) => ids.includes(run));
  expect(account(stepsOnly, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
  // They advanced in the new code, and went on from there in the old one.
  expect(stepsOnly.some(({ release }) => release === sour)).toBe(true);
  expect(overlaps(effects)).toEqual([]);
});

test('a probe that fails on the new release ends the window before intake reopens, on the old release', async () => {
  const product = await startProduct({ hosts: 1 });
  const { old, sour, ids, go } = await underWay(product);
  const probes = [{ name: 'works', job: { name: 'ledger.check', payload: { ledger: product.ledger } } }];

  const opened = await product.open(sour, { probes });
  const window = await product.endedAs(opened.id, 'rolled-back');

  expect(window.summary).toMatch(/probe works failed on release \w+ \(.*the column was renamed/);
  expect(window.phases.map(({ phase }) => phase)).not.toContain('watching');
  go.open();
  await goesOnOn(product, old, ids);
  const effects = readLedger(product.ledger);
  expect(account(effects, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
  // No run of anybody ever started on it.
  expect(effects.filter(({ release }) => release === sour)).toEqual([]);
});

for (const strategy of ['window', 'rolling'] as const) {
  test(`what a hook did before is undone by a job of the release that goes (${strategy})`, async () => {
    const product = await startProduct({ hosts: 2, workers: 1 });
    const { old, sour, ids, go } = await underWay(product);
    const hooks = [
      { name: 'expand', when: 'before', command: [process.execPath, '-e', ''] },
      { name: 'revert', when: 'undo', job: { name: 'ledger.revert', payload: { ledger: product.ledger } } },
    ];

    const opened = await product.open(sour, { strategy, hooks, watch });
    await beyondTheSwap(product, opened, go);
    await product.client.post(`/v1/windows/${opened.id}/abort`, {});
    const window = await product.endedAs(opened.id, 'rolled-back');

    expect(window.tasks.map(({ name, state }) => `${name} ${state}`)).toEqual(['expand done', 'revert done']);
    const undone = readLedger(product.ledger).filter(({ item }) => item === 9_000);
    expect(undone.map(({ release }) => release)).toEqual([sour]);
    await goesOnOn(product, old, ids);
  });
}

test('an operator takes a release back while it is watched', async () => {
  const product = await startProduct({ hosts: 1 });
  const { old, sour, ids, go } = await underWay(product);

  const opened = await product.open(sour, { watch });
  await beyondTheSwap(product, opened, go);
  await product.client.post(`/v1/windows/${opened.id}/abort`, {});
  const window = await product.endedAs(opened.id, 'rolled-back');

  expect(window.summary).toMatch(/^aborted by operator/);
  await goesOnOn(product, old, ids);
  expect(account(readLedger(product.ledger), ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
});

type Signal = ReturnType<Product['signal']>;

/** v1 is current, with runs in flight that have a state. They wait half-way for `go`. */
async function underWay(product: Product): Promise<{ old: string; sour: string; ids: string[]; go: Signal }> {
  const old = await product.deploy('v1');
  const sour = await product.push('sour');
  const go = product.signal();
  const ids = await product.enqueue(
    'ledger.steps',
    Array.from({ length: RUNS }, () => ({ items: ITEMS, everyMs: 300, until: go.path })),
  );
  await product.all(await product.enqueue('ledger.short', [{}, {}, {}]), ['completed']);
  await eventually(
    () => readLedger(product.ledger).filter(({ run }) => ids.includes(run)).length >= RUNS * 2,
  );
  return { old, sour, ids, go };
}

/** Lets the runs go on; every one has then done something in the new code. */
async function beyondTheSwap(product: Product, { id, release }: Window, go: Signal): Promise<void> {
  await product.phase(id, 'watching');
  go.open();
  await eventually(async () => {
    const { phase, summary } = await product.client.get<Window>(`/v1/windows/${id}`);
    if (phase === 'done') throw new Error(`it is over: ${summary}`);
    return (
      phase === 'watching' &&
      new Set(readLedger(product.ledger).flatMap(effect => (effect.release === release ? effect.run : [])))
        .size === RUNS
    );
  });
}

/** Intake is open on this release, nothing is held, and all runs complete. */
async function goesOnOn(product: Product, release: string, ids: string[]): Promise<void> {
  expect(await product.client.list('/v1/holds')).toEqual([]);
  const queues = await product.client.list<{ name: string; paused: boolean }>('/v1/queues');
  expect(queues.filter(({ paused }) => paused)).toEqual([]);
  const runs = await product.all(ids, ['completed'], 90_000);
  expect(new Set(runs.map(run => run.release))).toEqual(new Set([release]));
}
