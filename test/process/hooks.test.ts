import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/process-tree.js';
import { account, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const ITEMS = 200;

const steps = (product: Product, items: number, more: object = {}) => ({
  job: { name: 'ledger.steps', payload: { ledger: product.ledger, items, everyMs: 5, ...more } },
});
const window = (product: Product, { id }: Window) => product.client.get<Window>(`/v1/windows/${id}`);
const runOf = ({ tasks }: Window, name: string): string => tasks.find(task => task.name === name)!.run!;

describe('hooks and probes that are jobs', () => {
  test('run on the new release, before its time and while nothing else runs', async () => {
    const product = await startProduct({ hosts: 2 });
    await product.deploy('v1');
    const next = await product.push('v2');
    const ids = await product.enqueue(
      'ledger.steps',
      Array.from({ length: 10 }, () => ({ items: ITEMS, everyMs: 20 })),
    );
    await product.all(ids, ['running']);

    const opened = await product.open(next, {
      hooks: [
        { name: 'expand', when: 'before', ...steps(product, 1) },
        { name: 'migrate', when: 'stopped', ...steps(product, 2) },
        { name: 'contract', when: 'after', ...steps(product, 3) },
      ],
      probes: [{ name: 'smoke', ...steps(product, 4) }],
    });
    const ended = await product.endedAs(opened.id, 'completed');

    const results = ended.tasks.map(({ name, state, attempt, output }) => [name, state, attempt, output]);
    expect(results).toEqual([
      ['expand', 'done', 1, '1'],
      ['migrate', 'done', 1, '2'],
      ['contract', 'done', 1, '3'],
      ['smoke', 'done', 1, '4'],
    ]);
    const hooks = ended.tasks.map(({ run }) => run!);
    for (const run of await product.runs(hooks))
      expect(run).toMatchObject({ state: 'completed', release: next });
    await product.all(ids, ['completed']);
    const effects = readLedger(product.ledger);
    expect(
      account(
        effects.filter(({ run }) => ids.includes(run)),
        ids,
        ITEMS,
      ),
    ).toMatchObject({
      repeated: [],
      lost: [],
    });
    // Nothing else left an effect from the first of the hook to its last.
    const during = effects.slice(
      effects.findIndex(({ run }) => run === hooks[1]),
      effects.findLastIndex(({ run }) => run === hooks[1]) + 1,
    );
    expect(new Set(during.map(({ run }) => run))).toEqual(new Set([hooks[1]]));
  });

  test('outlive a server that is killed', async () => {
    const product = await startProduct();
    await product.deploy('v1');
    const next = await product.push('v2');
    const go = product.signal();
    const opened = await product.open(next, {
      hooks: [{ name: 'migrate', when: 'stopped', ...steps(product, 2, { until: go.path }) }],
    });
    const hook = await eventually(async () => {
      const id = runOf(await window(product, opened), 'migrate');
      return (await product.run(id)).state === 'running' && id;
    });
    product.server.kill('SIGKILL');
    await product.server.exit;
    await product.startServer();
    go.open();
    const ended = await product.endedAs(opened.id, 'completed');
    expect(ended.tasks).toMatchObject([{ state: 'done', attempt: 1, output: '2' }]);
    expect(account(readLedger(product.ledger), [hook], 2)).toEqual({ repeated: [], lost: [], retried: [] });
  });
});

describe('the program of a hook', () => {
  /** Writes its PID, and then goes on until it is let go. */
  function program(product: Product) {
    const [begun, go] = [product.signal(), product.signal()];
    const script = `echo $$ >> ${begun.path}; while [ ! -e ${go.path} ]; do sleep 0.05; done`;
    return {
      hook: { name: 'migrate', when: 'stopped', command: ['sh', '-c', script] },
      pid: () => eventually(() => existsSync(begun.path) && Number(readFileSync(begun.path, 'utf8').trim())),
      letGo: go.open,
    };
  }

  test('is killed with the server that stops, and the window is held until a person has looked', async () => {
    const product = await startProduct();
    await product.deploy('v1');
    const next = await product.push('v2');
    const { hook, pid } = program(product);
    const opened = await product.open(next, { hooks: [hook] });
    const running = await pid();
    product.server.kill('SIGTERM');
    await product.server.exit;
    expect(isAlive(running)).toBe(false);

    await product.startServer();
    const held = await product.endedAs(opened.id, 'held');
    expect(held.held).toMatchObject({ task: 'migrate', phase: 'swapping' });
    expect(held.tasks).toMatchObject([
      { state: 'unknown', error: 'the server that did it stopped, and was killed' },
    ]);
    await product.client.post(`/v1/windows/${opened.id}/end`, { choice: 'go-on' });
    const ended = await eventually(async () => {
      const seen = await window(product, opened);
      return seen.outcome === 'completed' && seen;
    });
    expect(ended.tasks).toMatchObject([{ state: 'skipped' }]);
  });

  test('may end while its server stops: what it did is known', async () => {
    const product = await startProduct();
    await product.deploy('v1');
    const next = await product.push('v2');
    const { hook, pid, letGo } = program(product);
    const opened = await product.open(next, { hooks: [hook] });
    await pid();
    product.server.kill('SIGTERM');
    letGo();
    await product.server.exit;
    await product.startServer();
    const ended = await product.endedAs(opened.id, 'completed');
    expect(ended.tasks).toMatchObject([{ state: 'done', attempt: 1 }]);
  });
});
