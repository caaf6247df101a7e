import { describe, expect, test } from 'vitest';
import type { WindowPlan } from '../../src/model/window-plan.js';
import { readIntent } from '../../src/store/intents.js';
import { eventually } from '../support/eventually.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const ITEMS = 15;

/** Runs that have done five items on the first release, and five more on the second, which has saved that. */
async function onTheSecond(
  product: Product,
  jobs: Record<string, Record<string, unknown>[]>,
  goOver: (release: string) => Promise<unknown> = async release =>
    product.endedAs((await product.open(release)).id, 'completed'),
) {
  const first = await product.deploy('back-1');
  const [swap, end] = [product.signal(), product.signal()];
  const gates = [
    { at: 5, file: swap.path },
    { at: 10, file: end.path },
  ];
  const ids: Record<string, string[]> = {};
  for (const [job, payloads] of Object.entries(jobs))
    ids[job] = await product.enqueue(
      job,
      payloads.map(payload => ({ items: ITEMS, gates, ...payload })),
    );
  const all = Object.values(ids).flat();
  await haveDone(product, all, 5);
  const second = await product.push('back-2');
  await goOver(second);
  swap.open();
  await haveDone(product, all, 10);
  await eventually(async () => (await product.runs(all)).every(run => run.checkpoint?.version === 2), {
    what: 'a state of version 2 of each run',
  });
  return { first, second, end, all, ids };
}

/** What the ledger says of these runs alone. */
const accountOf = (product: Product, ids: string[]) =>
  account(
    readLedger(product.ledger).filter(({ run }) => ids.includes(run)),
    ids,
    ITEMS,
  );

const ONCE = { repeated: [], lost: [], retried: [] };

const haveDone = (product: Product, ids: string[], items: number) =>
  eventually(
    () => {
      const lost = account(readLedger(product.ledger), ids, items).lost;
      if (lost.length > 0) throw new Error(`${lost.length} items are missing, as ${lost[0]}`);
      return true;
    },
    { what: `${items} items of each run` },
  );

/** The hosts are to run this release from now on, whatever the states: as after a window that went back. */
async function tellHosts({ store }: Product, release: string): Promise<void> {
  const intent = (await readIntent(store, 'ledger'))!;
  const next = { ...intent, release, revision: intent.revision + 1 };
  await store.redis.set(store.keys.intent('ledger'), JSON.stringify(next));
  await store.redis.publish(store.keys.wake, '');
}

describe('a deploy of the release before', () => {
  test('goes on from the states brought down; where there is no way, from the former state, or parked', async () => {
    const product = await startProduct();
    const { first, second, end, ids } = await onTheSecond(product, {
      'ledger.carried': [{}, {}, {}],
      'ledger.repeated': [{}, {}],
      'ledger.parked': [{}, {}],
    });
    const [carried, repeated, parked] = Object.values(ids) as [string[], string[], string[]];

    const plan = await product.client.post<WindowPlan>('/v1/windows?dryRun=true', {
      release: first,
      reason: 'to see',
    });
    expect(plan.warnings).toEqual([
      expect.stringMatching(/ledger\.parked has no downgrade.*: 2 runs would be parked/),
      expect.stringMatching(/ledger\.repeated has no downgrade.*: 2 runs would repeat/),
    ]);
    const back = await product.endedAs((await product.open(first)).id, 'completed');
    const setAside = await product.all(parked, ['parked']);
    end.open();
    const done = await product.all([...carried, ...repeated], ['completed']);
    expect(done.every(run => run.attempt === 1 && run.release === first)).toBe(true);
    for (const run of setAside) {
      expect(run.parked?.reason).toMatch(
        /state has version 2, and there is no downgrade \(onRollback: park\)/,
      );
      expect(run.checkpoint?.version, 'nothing is lost').toBe(2);
    }

    expect(overlaps(readLedger(product.ledger))).toEqual([]);
    expect(accountOf(product, carried)).toEqual(ONCE);
    const again = accountOf(product, repeated);
    expect(again.lost).toEqual([]);
    expect(again.repeated.map(({ run, item }) => `${run}/${item}`).sort()).toEqual(
      repeated.flatMap(run => [5, 6, 7, 8, 9].map(item => `${run}/${item}`)).sort(),
    );
    const report = await product.report(back.id);
    expect(report.work.repeatedCheckpoints).toBeGreaterThan(0);
    expect(report.work.broughtDown).toBe(carried.length);
    expect(report.proof.setBack).toEqual(
      expect.arrayContaining([
        { job: 'ledger.repeated', runs: 2, onRollback: 'repeat' },
        { job: 'ledger.parked', runs: 2, onRollback: 'park' },
      ]),
    );

    // Where the state can be read again, a parked run goes on as if nothing had been.
    await product.deploy('back-2');
    for (const id of parked) await product.client.post(`/v1/runs/${id}/resume`, { choice: 'retry' });
    const resumed = await product.all(parked, ['completed']);
    expect(resumed.every(run => run.release === second)).toBe(true);
    expect(accountOf(product, parked)).toEqual(ONCE);
  });

  test('is refused while a way down fails', async () => {
    const product = await startProduct();
    const { first, second, end, all } = await onTheSecond(product, {
      'ledger.carried': [{ fails: 'throws' }, {}],
    });
    const window = await product.endedAs((await product.open(first)).id, 'refused');
    expect(window.refusals).toMatchObject([{ run: all[0], from: 2, to: 1, direction: 'down' }]);
    expect(window.refusals[0]!.message).toMatch('this one has no past');
    end.open();
    const runs = await product.all(all, ['completed']);
    expect(runs.every(run => run.release === second)).toBe(true);
  });
});

test('a window that goes back by its watch keeps what was done, and parks the run whose way down fails', async () => {
  const product = await startProduct();
  let window = '';
  const { first, end, ids } = await onTheSecond(
    product,
    { 'ledger.carried': [{ fails: 'throws' }, {}, {}], 'ledger.repeated': [{}] },
    async release => {
      const watch = { duration: '10m', minRuns: 1, maxFailureRate: 0 };
      window = (await product.open(release, { watch })).id;
      await product.phase(window, 'watching');
    },
  );
  const [failing, ...sound] = ids['ledger.carried']!;
  const repeated = ids['ledger.repeated']!;
  await product.enqueue('ledger.sour', [{}]);
  const back = await product.endedAs(window, 'rolled-back');
  expect(back.rollback?.because).toMatch(/failed on the new release/);
  const [parked] = await product.all([failing!], ['parked']);
  expect(parked!.parked!.reason).toMatch('this one has no past');
  end.open();
  const done = await product.all([...sound, ...repeated], ['completed']);
  expect(done.every(run => run.attempt === 1 && run.release === first)).toBe(true);
  expect(accountOf(product, sound)).toEqual(ONCE);
  expect(accountOf(product, repeated).repeated.map(({ item }) => item)).toEqual([5, 6, 7, 8, 9]);
  expect((await product.report(window)).work.repeatedCheckpoints).toBeGreaterThan(0);
});

test('side by side, a run that one release has taken further goes on where it can be read', async () => {
  const product = await startProduct({ hosts: 2 });
  await product.deploy('back-1');
  const start = product.signal();
  const payloads = Array.from({ length: 24 }, () => ({
    items: ITEMS,
    gates: [{ at: 5, file: start.path }],
    stumbles: product.signal().path,
  }));
  const runs = await product.enqueue('ledger.repeated', payloads);
  await haveDone(product, runs, 5);
  const release = await product.push('back-2');
  const window = await product.open(release, { strategy: 'rolling', rolling: { batch: 1, pause: '4s' } });
  await eventually(async () => (await readIntent(product.store, 'ledger'))!.moved.length > 0, {
    what: 'a first host on the next release',
  });
  start.open();
  await product.endedAs(window.id, 'completed', 90_000);
  await product.all(runs, ['completed']);
  const effects = readLedger(product.ledger);
  expect(accountOf(product, runs)).toMatchObject({ repeated: [], lost: [] });
  const later = effects.filter(effect => effect.release === release);
  expect(later.length).toBeGreaterThan(0);
  for (const { run, fence } of later)
    expect(effects.some(other => other.run === run && other.fence > fence && other.release !== release)).toBe(
      false,
    );
});

test('a host sent back to an older release parks a run whose way down fails, with the reason, and the others go on', async () => {
  const product = await startProduct();
  const { first, end, all, ids } = await onTheSecond(product, {
    'ledger.carried': [{ fails: 'throws' }, { fails: 'dies' }, { fails: 'misfits' }, {}, {}],
  });
  const failing = ids['ledger.carried']!.slice(0, 3);
  const sound = ids['ledger.carried']!.slice(3);
  await tellHosts(product, first);
  const parked = await product.all(failing, ['parked']);
  end.open();
  await product.all(sound, ['completed']);
  const reasons = parked.map(run => run.parked!.reason);
  expect(reasons[0]).toMatch('version 2 could not be brought down');
  expect(reasons[0]).toMatch('this one has no past');
  expect(reasons[1]).toMatch('ended the process');
  expect(reasons[2]).toMatch('/done');
  expect(accountOf(product, sound)).toEqual(ONCE);
  expect(parked.every(run => run.checkpoint?.version === 2)).toBe(true);
  expect(all).toHaveLength(5);
});
