import { describe, expect, test } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { readIntent } from '../../src/store/intents.js';
import { eventually } from '../support/eventually.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const SLOW_MS = 4_000;
const ITEMS = 1_000_000;

const itemsOf = (product: Product, runs: string[]) =>
  readLedger(product.ledger).filter(effect => runs.includes(effect.run)).length;

/** Resolves when one of these runs has done one more item than now. */
async function nextItem(product: Product, ...runs: string[]): Promise<void> {
  const before = itemsOf(product, runs);
  await eventually(() => itemsOf(product, runs) > before, {
    every: 20,
    what: `an item of ${runs[0]}`,
  });
}

/** Twenty fast runs and a slow one, in flight. The fast ones become slow when `mood` opens; where the slow one is stuck, it goes on when `until` opens. */
async function inFlight(slowOne: Record<string, unknown>) {
  const product = await startProduct();
  await product.deploy('together-1');
  const next = await product.push('together-2');
  const [mood, until] = [product.signal(), product.signal()];
  const moody = { items: ITEMS, everyMs: 20, slowMs: SLOW_MS, mood: mood.path };
  const fast = await product.enqueue('together.fast', times(20, moody));
  const [slow] = await product.enqueue('together.slow', [{ items: ITEMS, until: until.path, ...slowOne }]);
  await product.all([...fast, slow!], ['running']);
  return { product, next, fast, slow: slow!, mood, until };
}

const times = (n: number, payload: Record<string, unknown>) => Array.from({ length: n }, () => payload);

const untilWaitedFor = (product: Product, window: string) =>
  eventually(async () => (await product.client.get<Window>(`/v1/windows/${window}`)).arriveAt !== null, {
    every: 20,
    what: 'slow runs to be waited for',
  });

/** All items until now once, in one process at a time, without a gap. */
function expectNothingLost(product: Product, runs: string[]): void {
  const effects = readLedger(product.ledger);
  expect(overlaps(effects)).toEqual([]);
  for (const run of runs) {
    const mine = effects.filter(effect => effect.run === run);
    expect(account(mine, [run], mine.length)).toEqual({ repeated: [], lost: [], retried: [] });
  }
}

describe('a window over one slow run among fast ones', () => {
  test('lets the fast ones compute, and short ones start, until the slow one has come in', async () => {
    const { product, next, fast, slow, until } = await inFlight({ everyMs: 20, stuckAt: 0 });
    await product.all(await product.enqueue('together.short', [{}]), ['completed']);

    const { id } = await product.open(next);
    await untilWaitedFor(product, id);
    await nextItem(product, ...fast);
    const [short] = await product.enqueue('together.short', [{}]);
    const [ended] = await product.all([short!], ['completed']);
    until.open();
    const window = await product.endedAs(id, 'completed');

    expect(ended!.release).toBe(window.previousRelease);
    const report = await product.report(id);
    expect(report.runs).toMatchObject({ inFlight: 22, yielded: 21, finished: 1, resumed: 21, forced: 0 });
    expect(report.work).toEqual({ lostMs: 0, repeatedCheckpoints: 0 });
    await nextItem(product, slow);
    expectNothingLost(product, [...fast, slow]);
  });

  test('loses time, and not its deadline, to runs that were fast and have become slow', async () => {
    const { product, next, fast, slow, mood } = await inFlight({ everyMs: SLOW_MS });
    await nextItem(product, slow);
    const { id } = await product.open(next, { drainTimeout: '30s' });
    mood.open();
    await product.endedAs(id, 'completed');

    const { runs, work } = await product.report(id);
    expect(runs).toMatchObject({ inFlight: 21, yielded: 21, resumed: 21, forced: 0 });
    expect(work).toEqual({ lostMs: 0, repeatedCheckpoints: 0 });
    await nextItem(product, fast[0]!);
    expectNothingLost(product, [...fast, slow]);
  });

  test('lets all go on at its end where every server died while they came in', async () => {
    const { product, next, fast, slow, until } = await inFlight({ everyMs: 20, stuckAt: 0 });
    const { id } = await product.open(next, { drainTimeout: '8s', maxDuration: '8s' });
    await untilWaitedFor(product, id);
    product.server.kill('SIGKILL');
    await product.server.exit;
    const isAsked = async () => (await readIntent(product.store, 'ledger'))!.drain;
    expect(await isAsked()).toBe(true);
    await eventually(async () => !(await isAsked()), { what: 'the end of the drain' });
    for (const run of fast.slice(0, 3)) await nextItem(product, run);

    await product.startServer();
    await product.endedAs(id, 'aborted');
    until.open();
    for (const run of [slow, ...fast.slice(0, 3)]) await nextItem(product, run);
    expectNothingLost(product, [...fast, slow]);
  });

  test('lets all go on where it is aborted while they come in', async () => {
    const { product, next, fast, slow, until } = await inFlight({ everyMs: 20, stuckAt: 0 });
    const { id } = await product.open(next);
    await untilWaitedFor(product, id);
    await product.client.post(`/v1/windows/${id}/abort`, {});
    await product.endedAs(id, 'aborted');
    until.open();
    for (const run of [slow, ...fast.slice(0, 3)]) await nextItem(product, run);
    const runs = await product.runs([...fast, slow]);
    expect(runs.map(run => run.state)).toEqual(runs.map(() => 'running'));
    expectNothingLost(product, [...fast, slow]);
  });
});
