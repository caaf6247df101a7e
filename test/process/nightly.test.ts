import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { LedgerLine } from '../../jobs/_ledger.js';
import type { Run } from '../../src/model/run.js';
import { FLIGHTS } from '../examples/flights.js';
import { eventually } from '../support/eventually.js';
import { type Product, startProduct } from './support/product.js';

/** Three row groups, and more than two hundred airports. */
const ROWS = 600_000;
/** Runs of one worker at once. */
const AT_ONCE = 2;

interface Night {
  id: string;
  lines(): LedgerLine[];
  /** Ends of runs of this step, as the jobs wrote them. */
  done(step: string): LedgerLine[];
  board(): unknown;
}

async function begin(product: Product, name: string, rounds: number): Promise<Night> {
  const folder = path.join(path.dirname(product.ledger), name);
  const ledger = `${folder}.jsonl`;
  const payload = { file: FLIGHTS, folder, to: ROWS, rounds, ledger };
  const { id } = await product.client.post<Run>('/v1/jobs/nightly/runs', { payload });
  const lines = () => {
    const text = readIfThere(ledger);
    return text.split('\n').flatMap(line => (line ? [JSON.parse(line) as LedgerLine] : []));
  };
  return {
    id,
    lines,
    done: step => lines().filter(({ job }) => job === `nightly.${step}`),
    board: () => JSON.parse(readFileSync(path.join(folder, 'board.json'), 'utf8')),
  };
}

test('a night with a window in its middle and two workers killed ends as one that nothing disturbed', async () => {
  const product = await startProduct({ env: { SLACKWATER_HOST_RUN_CONCURRENCY: String(AT_ONCE) } });
  const first = await product.deploy('nightly-1');
  const second = await product.push('nightly-2');
  const rounds = 200;
  const calm = await begin(product, 'calm', rounds);
  const [undisturbed] = await product.all([calm.id], ['completed'], 120_000);
  const airports = calm.done('score').length;
  expect(airports).toBeGreaterThan(200);

  const night = await begin(product, 'night', rounds);
  await eventually(() => night.done('parts').length === 1);
  const ended = await kill(product);
  await eventually(() => night.done('score').length >= 20, { timeout: 120_000 });
  // Whatever the machine, some airports are scored after the window.
  const hold = await product.client.post<{ id: string }>('/v1/holds', {
    queues: ['nightly'],
    reason: 'a test',
    until: new Date(Date.now() + 600_000).toISOString(),
  });
  await product.endedAs((await product.open(second)).id, 'completed', 120_000);
  await product.client.remove(`/v1/holds/${hold.id}`);
  await eventually(() => night.lines().some(({ release }) => release === second), { timeout: 60_000 });
  ended.push(...(await kill(product)));

  const [run] = await product.all([night.id], ['completed'], 120_000);
  expect(run!.result).toEqual(undisturbed!.result);
  expect(night.board()).toEqual(calm.board());
  expect(new Set(night.done('score').map(({ release }) => release))).toEqual(new Set([first, second]));
  const runs = night.lines().map(line => line.run);
  expect(new Set(runs).size).toBe(calm.lines().length);
  const twice = runs.filter((id, i) => runs.indexOf(id) < i);
  expect(
    twice.filter(id => ended.includes(id)),
    'runs that had ended before a worker died, and were done again',
  ).toEqual([]);
  // What a worker that dies was at, its successors may have to do again: as many runs as a worker has, twice.
  expect(twice.length, `done again: ${twice}`).toBeLessThanOrEqual(2 * AT_ONCE);
  expect(ended.filter(id => id.startsWith(night.id)).length).toBeGreaterThan(20);
  expect(night.lines().every(({ attempt }) => attempt === 1)).toBe(true);
});

/** Kills a worker. @returns the runs that had ended by then. */
async function kill(product: Product): Promise<string[]> {
  const ended: string[] = [];
  for (const step of ['parts', 'extract', 'clean', 'gather', 'score'])
    for (const { id } of await product.client.list<Run>(`/v1/runs?state=completed&job=nightly.${step}`))
      ended.push(id);
  const worker = product.hosts[0]!.children().find(({ command }) => /worker/.test(command))!;
  process.kill(worker.pid, 'SIGKILL');
  return ended;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
