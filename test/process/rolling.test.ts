import { expect, test } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { account, overlaps, readLedger, standstills } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const RUNS = 30;
const ITEMS = 60;
/** A host rests for longer than a run needs for an item: who has gone over computes when the next one stops. */
const rolling = { strategy: 'rolling', rolling: { batch: 1, pause: '1s' } };
const watch = { duration: '60s', minRuns: 20, maxFailureRate: 0.2, maxCrashes: 3, maxParked: 0 };

test('rolling over three hosts moves every run to the new code, and at every moment runs advance', async () => {
  const product = await startProduct({ hosts: 3, workers: 1 });
  const { ids } = await underWay(product);
  const release = await product.push('v2');

  const { id } = await product.open(release, rolling);
  const window = await product.endedAs(id, 'completed');

  expect(window.summary).toMatch(/intake was never held/);
  const runs = await product.all(ids, ['completed'], 90_000);
  expect(runs.every(run => run.attempt === 1 && run.result === ITEMS)).toBe(true);
  const effects = readLedger(product.ledger);
  expect(account(effects, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
  expect(overlaps(effects)).toEqual([]);
  expect(standstills(effects.filter(({ run }) => ids.includes(run)))).toEqual([]);
  expect(await product.client.list('/v1/holds')).toEqual([]);
});

test('a bad release is taken back from the first host that got it, and the others never run it', async () => {
  const product = await startProduct({ hosts: 3, workers: 1 });
  // None ends before the way back.
  const go = product.signal();
  const { old, ids } = await underWay(product, { until: go.path });
  const sour = await product.push('sour');

  const { id } = await product.open(sour, {
    strategy: 'rolling',
    rolling: { batch: 1, pause: '30s' },
    watch: { ...watch, minRuns: 10 },
  });
  await eventually(async () => (await product.client.get<Window>(`/v1/windows/${id}`)).moved.length === 1);
  const short = await product.enqueue(
    'ledger.short',
    Array.from({ length: 60 }, () => ({})),
  );
  const window = await product.endedAs(id, 'rolled-back');
  go.open();

  expect(window.summary).toMatch(/ends failed on the new release/);
  const hosts = new Set(
    readLedger(product.ledger).flatMap(({ release, pid }) => (release === sour ? pid : [])),
  );
  expect(hosts.size).toBeLessThanOrEqual(1);
  const runs = await product.all([...ids, ...short], ['completed'], 90_000);
  expect(new Set(runs.map(run => run.release))).toEqual(new Set([old]));
  const ofSteps = readLedger(product.ledger).filter(({ run }) => ids.includes(run));
  expect(account(ofSteps, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
  expect(overlaps(ofSteps)).toEqual([]);
});

test('a canary gives a bad release its first share of the new runs and no more', async () => {
  const product = await startProduct({ hosts: 2, workers: 1 });
  const { old, ids } = await underWay(product);
  const sour = await product.push('sour');

  const canary = { steps: [0.3, 0.6], step: '60s' };
  const { id } = await product.open(sour, { strategy: 'canary', canary, watch: { ...watch, minRuns: 10 } });
  await eventually(async () => (await product.client.get<Window>(`/v1/windows/${id}`)).share === 0.3);
  const short = await product.enqueue(
    'ledger.short',
    Array.from({ length: 100 }, () => ({})),
  );
  const window = await product.endedAs(id, 'rolled-back');

  expect(window.summary).toMatch(/ends failed on the new release/);
  const runs = await product.all([...ids, ...short], ['completed'], 90_000);
  expect(new Set(runs.map(run => run.release))).toEqual(new Set([old]));
  // Those in flight stayed where they were.
  expect(readLedger(product.ledger).filter(({ release }) => release === sour)).toEqual([]);
  const tried = runs.filter(run => short.includes(run.id) && run.attempt > 1);
  expect(tried.length).toBeGreaterThan(0);
  expect(tried.length).toBeLessThan(60);
});

test('a canary that is content ends with every run on the new release', async () => {
  const product = await startProduct({ hosts: 2, workers: 1 });
  const { ids } = await underWay(product);
  const release = await product.push('v2');

  const canary = { steps: [0.5], step: '1s' };
  const { id } = await product.open(release, {
    strategy: 'canary',
    canary,
    watch: { ...watch, minRuns: 1, duration: '1s' },
  });
  await eventually(async () => (await product.client.get<Window>(`/v1/windows/${id}`)).share === 0.5);
  const short = await product.enqueue(
    'ledger.short',
    Array.from({ length: 40 }, () => ({})),
  );
  await product.endedAs(id, 'completed');

  await product.all([...ids, ...short], ['completed'], 90_000);
  const effects = readLedger(product.ledger);
  const onNew = new Set(effects.flatMap(effect => (effect.release === release ? effect.run : [])));
  expect(short.some(run => onNew.has(run))).toBe(true);
  expect(short.some(run => !onNew.has(run))).toBe(true);
  const ofSteps = effects.filter(({ run }) => ids.includes(run));
  expect(account(ofSteps, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
  expect(ids.every(run => onNew.has(run))).toBe(true);
});

/** v1 is current on all hosts, with runs in flight that have a state. */
async function underWay(
  product: Product,
  fields: Record<string, unknown> = {},
): Promise<{ old: string; ids: string[] }> {
  const old = await product.deploy('v1');
  const ids = await product.enqueue(
    'ledger.steps',
    Array.from({ length: RUNS }, () => ({ items: ITEMS, everyMs: 250, ...fields })),
  );
  await product.all(await product.enqueue('ledger.short', [{}, {}, {}]), ['completed']);
  await eventually(
    () => readLedger(product.ledger).filter(({ run }) => ids.includes(run)).length >= RUNS * 2,
  );
  return { old, ids };
}
