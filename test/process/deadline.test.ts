import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { readLedger } from './support/ledger.js';
import { startProduct } from './support/product.js';

test('a job that never checkpoints ends the window as aborted at the deadline: named, intake open again on the old release', async () => {
  const product = await startProduct();
  const v1 = await product.deploy('v1');
  const next = await product.push('v2');
  const end = product.signal();
  const [stubborn] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
  const steps = await product.enqueue('ledger.steps', [{ items: 20, everyMs: 20, until: end.path }]);
  await product.all([stubborn!, ...steps], ['running']);

  const opened = await product.open(next, {
    drainTimeout: '3s',
    onDrainTimeout: 'abort',
  });
  const window = await product.endedAs(opened.id, 'aborted');
  end.open();
  expect(window.blockers.map(({ run, job }) => ({ run, job }))).toEqual([
    { run: stubborn, job: 'ledger.stubborn' },
  ]);
  expect(window.summary).toMatch(/ledger\.stubborn/);

  const [after] = await product.enqueue('ledger.steps', [{ items: 1, everyMs: 1 }]);
  const runs = await product.all([stubborn!, ...steps, after!], ['completed']);
  expect(runs.every(run => run.release === v1 && run.attempt === 1)).toBe(true);
  const effects = readLedger(product.ledger).filter(({ run }) => run === stubborn);
  expect(
    effects.map(({ item, fence }) => [item, fence]),
    'it was never interrupted',
  ).toEqual([
    [0, 1],
    [1, 1],
  ]);
  expect(await product.client.list('/v1/holds')).toEqual([]);
});

test('with force it restarts on the new release, no attempt spent, and the report says what was lost', async () => {
  const product = await startProduct();
  await product.deploy('v1');
  const next = await product.push('v2');
  const end = product.signal();
  const [stubborn] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
  await product.all([stubborn!], ['running']);

  const opened = await product.open(next, {
    drainTimeout: '1s',
    onDrainTimeout: 'force',
  });
  expect((await product.endedAs(opened.id, 'completed')).forced).toBe(true);
  end.open();
  const report = await product.report(opened.id);
  expect(report.runs).toMatchObject({ inFlight: 1, yielded: 0, forced: 1 });
  expect(report.work.lostMs).toBeGreaterThan(500);
  const [run] = await product.all([stubborn!], ['completed']);
  expect(run).toMatchObject({ attempt: 1, release: opened.release, result: 'finished' });
  expect(JSON.stringify(await product.client.get(`/v1/runs/${stubborn}/logs`))).toContain(
    'the drain deadline of a window has passed',
  );
  expect(readLedger(product.ledger).map(({ item, attempt }) => [item, attempt])).toEqual([
    [0, 1],
    [0, 1],
    [1, 1],
  ]);
});

test('with force a job that blocks its event loop is killed after the grace and goes on from its last checkpoint', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const [deaf] = await product.enqueue('ledger.deaf', [{ forMs: 60_000 }]);
  await product.all([deaf!], ['running']);
  const opened = await product.open(await product.push('v2'), {
    drainTimeout: '1s',
    onDrainTimeout: 'force',
  });
  await product.endedAs(opened.id, 'completed');
  const [run] = await product.all([deaf!], ['completed']);
  expect(run).toMatchObject({ attempt: 1, result: 'went on' });
});

test('what was stopped by force shows as waiting while its window is held: yielded where it has a saved state, queued where it begins anew', async () => {
  const product = await startProduct();
  await product.deploy('v1');
  const next = await product.push('v2');
  const [end, migrated] = [product.signal(), product.signal()];
  const [stubborn] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
  const [deaf] = await product.enqueue('ledger.deaf', [{ forMs: 60_000 }]);
  await product.all([stubborn!, deaf!], ['running']);
  await eventually(async () => (await product.runs([deaf!]))[0]!.checkpoint !== null);

  const payload = { ledger: product.ledger, until: migrated.path };
  const opened = await product.open(next, {
    drainTimeout: '1s',
    onDrainTimeout: 'force',
    hooks: [{ name: 'migrate', when: 'stopped', job: { name: 'ledger.stubborn', payload } }],
  });
  await product.phase(opened.id, 'swapping');
  const heldBy = [{ window: opened.id }];
  await eventually(async () => {
    const [anew, on] = await product.runs([stubborn!, deaf!]);
    expect(anew).toMatchObject({ state: 'queued', attempt: 1, checkpoint: null, heldBy });
    expect(on).toMatchObject({ state: 'yielded', attempt: 1, checkpoint: { count: 1 }, heldBy });
    return true;
  });
  migrated.open();
  end.open();
  await product.endedAs(opened.id, 'completed');
  for (const run of await product.all([stubborn!, deaf!], ['completed']))
    expect(run).toMatchObject({ attempt: 1, heldBy: [] });
});
