import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/process-tree.js';
import { readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

describe('in a window', () => {
  test('a job that swallows the yield fails with what to change, and the window ends', async () => {
    const product = await startProduct({ workers: 1 });
    await product.deploy('faulty');
    const next = await product.push('faulty-next');
    const [id] = await product.enqueue('ledger.swallowing', [{}]);
    await eventually(async () => (await product.run(id!)).checkpoint);
    await product.endedAs((await product.open(next)).id, 'completed');
    const [run] = await product.all([id!], ['failed']);
    expect(run!.error!.message).toMatch(
      /"ledger\.swallowing" caught the yield and returned: .*throw it again/,
    );
    expect(await product.client.list('/v1/holds')).toEqual([]);
  });

  test('a run whose saved state kills the new code is parked, and its neighbours go on', async () => {
    const product = await startProduct();
    await product.deploy('faulty');
    const next = await product.push('faulty-next');
    const neighbours = await product.enqueue('ledger.steps', Array(5).fill({ items: 400, everyMs: 20 }));
    const [poison] = await product.enqueue('ledger.spoiling', [{}]);
    await product.all([...neighbours, poison!], ['running']);
    await eventually(async () => (await product.run(poison!)).checkpoint);
    await product.endedAs((await product.open(next)).id, 'completed');

    const [parked] = await product.all([poison!], ['parked']);
    expect(parked!.parked!.reason).toMatch(/died 3 times/);
    expect(parked!.parked!.choices).toEqual(expect.arrayContaining(['retry', 'cancel']));
    expect(readLedger(product.ledger).filter(({ run, item }) => run === poison && item === 1)).toHaveLength(
      3,
    );
    const runs = await product.all(neighbours, ['completed']);
    expect(runs.every(run => run.attempt === 1)).toBe(true);
  });
});

describe('a hook that gets stuck', () => {
  /** Notes the PID of its try, and does not end by itself before it is let go. */
  const stuck = (product: Product, change: object) => {
    const [begun, go] = [product.signal(), product.signal()];
    const script = `echo $$ >> ${begun.path}; while [ ! -e ${go.path} ]; do sleep 0.05; done`;
    return { hook: { name: 'migrate', timeout: '1s', command: ['sh', '-c', script], ...change }, begun, go };
  };

  test('is killed at its timeout; nothing had been paused, so the window waits for a person with intake open', async () => {
    const product = await startProduct({ workers: 1 });
    await product.deploy('v1');
    const { hook, begun } = stuck(product, { when: 'before' });
    const opened = await product.open(await product.push('v2'), { hooks: [hook] });
    const window = await product.endedAs(opened.id, 'held');
    expect(window.summary).toMatch(
      /hook migrate was done \(it took longer than 1\.0s, and was killed\): a person has to decide/,
    );
    expect(await pidsIn(begun.path)).toEqual([false]);
    expect(await product.client.list('/v1/holds')).toEqual([]);
    const [id] = await product.enqueue('ledger.steps', [{ items: 2, everyMs: 1 }]);
    expect((await product.all([id!], ['completed']))[0]).toMatchObject({ release: window.previousRelease });
    await product.client.post(`/v1/windows/${opened.id}/end`, { choice: 'release' });
  });

  test('while nothing runs holds the window, with what can be done; tried again it ends well', async () => {
    const product = await startProduct({ workers: 1 });
    await product.deploy('v1');
    const { hook, begun, go } = stuck(product, { when: 'stopped' });
    const opened = await product.open(await product.push('v2'), { hooks: [hook] });
    const window = await product.endedAs(opened.id, 'held');
    expect(window.held!.choices.map(({ choice }) => choice)).toContain('retry');
    expect(window.tasks).toMatchObject([
      { state: 'unknown', error: expect.stringMatching(/took longer than 1\.0s/) },
    ]);
    expect(await pidsIn(begun.path)).toEqual([false]);

    go.open();
    await product.client.post(`/v1/windows/${opened.id}/end`, { choice: 'retry' });
    await eventually(
      async () =>
        (await product.client.get<{ outcome: string }>(`/v1/windows/${opened.id}`)).outcome === 'completed',
    );
    expect(await product.client.list('/v1/holds')).toEqual([]);
  });

  test('and may be repeated is tried again, and then the window waits for a person, too', async () => {
    const product = await startProduct({ workers: 1 });
    await product.deploy('v1');
    const { hook, begun } = stuck(product, { when: 'before', idempotent: true, attempts: 2 });
    const opened = await product.open(await product.push('v2'), { hooks: [hook] });
    const window = await product.endedAs(opened.id, 'held');
    expect(window.held!.reason).toMatch(/hook migrate was done \(it took longer than 1\.0s/);
    const tries = await pidsIn(begun.path);
    expect(tries.length).toBeGreaterThan(1);
    expect(tries).not.toContain(true);
  });
});

/** Of each try in its order: whether its program still runs. */
const pidsIn = async (file: string): Promise<boolean[]> =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map(pid => isAlive(Number(pid)));
