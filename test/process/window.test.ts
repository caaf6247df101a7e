import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { hostsOf, startProduct } from './support/product.js';

const ITEMS = 40;

describe('a window over runs in flight', () => {
  test('moves 100 runs, 20 of them CPU-bound, to another checkpoint shape: every item once, attempt 1', async () => {
    const product = await startProduct();
    await product.deploy('v1');
    const next = await product.push('v2');
    const go = product.signal();
    const until = go.path;
    const waiting = await product.enqueue('ledger.steps', times(80, { items: ITEMS, everyMs: 100, until }));
    const busy = await product.enqueue('ledger.busy', times(20, { items: ITEMS, everyMs: 2, until }));
    await product.all([...waiting, ...busy], ['running']);

    const window = await product.open(next);
    const ended = await product.endedAs(window.id, 'completed');
    go.open();
    const report = await product.report(window.id);
    const ids = [...waiting, ...busy];
    const runs = await product.all(ids, ['completed']);

    expect(runs.map(run => run.result)).toEqual(ids.map(() => ITEMS));
    expect(runs.every(run => run.attempt === 1)).toBe(true);
    const effects = readLedger(product.ledger);
    expect(account(effects, ids, ITEMS)).toEqual({ repeated: [], lost: [], retried: [] });
    expect(overlaps(effects)).toEqual([]);
    expect(new Set(effects.map(effect => effect.release))).toEqual(
      new Set([ended.previousRelease, ended.release]),
    );
    expect(report.runs).toMatchObject({ forced: 0, parked: 0 });
    expect(report.runs.yielded + report.runs.finished).toBe(report.runs.inFlight);
    expect(report.runs.resumed).toBe(report.runs.yielded);
    expect(report.proof.checkpoints).toBeGreaterThan(0);
    expect(report.work).toEqual({ lostMs: 0, repeatedCheckpoints: 0 });
  });

  test('does the same with 1,000 runs', async () => {
    const product = await startProduct();
    await product.deploy('v1');
    const next = await product.push('v2');
    const go = product.signal();
    const ids = await product.enqueue(
      'ledger.steps',
      times(1_000, { items: 6, everyMs: 2_000, until: go.path }),
    );
    await eventually(() => new Set(readLedger(product.ledger).map(({ run }) => run)).size === 1_000, {
      timeout: 60_000,
      what: 'a first item of each run',
    });

    const window = await product.open(next);
    await product.endedAs(window.id, 'completed');
    go.open();
    const report = await product.report(window.id);
    const runs = await product.all(ids, ['completed'], 90_000);
    expect(runs.every(run => run.attempt === 1 && run.result === 6 && run.release === next)).toBe(true);
    const effects = readLedger(product.ledger);
    expect(account(effects, ids, 6)).toEqual({ repeated: [], lost: [], retried: [] });
    expect(overlaps(effects)).toEqual([]);
    expect(report.runs).toMatchObject({ inFlight: 1_000, yielded: 1_000, resumed: 1_000, forced: 0 });
  });

  test('keeps intake held while nothing runs, and accepts runs all the time', async () => {
    const product = await startProduct();
    await product.deploy('v1');
    const end = product.signal();
    const [before] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
    await product.all([before!], ['running']);
    const window = await product.open(await product.push('v2'));
    await product.phase(window.id, 'draining');
    // Hosts hear of the closed gate a moment after that is written.
    await eventually(async () =>
      (await hostsOf(product)).every(({ apps }) => apps.ledger?.gate === 'closed'),
    );
    const [during] = await product.enqueue('ledger.steps', [{ items: 1, everyMs: 1 }]);
    const held = await product.run(during!);
    expect(held.state).toBe('queued');
    expect(held.heldBy).toMatchObject([{ window: window.id }]);
    end.open();
    await product.endedAs(window.id, 'completed');
    const [run] = await product.all([during!], ['completed']);
    expect(run).toMatchObject({ release: window.release, heldBy: [] });
  });
});

function times(n: number, payload: Record<string, unknown>): Record<string, unknown>[] {
  return Array.from({ length: n }, () => payload);
}
