import { describe, expect, test } from 'vitest';
import type { Run } from '../../src/model/run.js';
import { signalWorkflow } from '../../src/store/workflows/signal.js';
import { eventually } from '../support/eventually.js';
import { runCli } from '../support/processes.js';
import { readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const sumOf = (elements: number): number => 5 * elements * (elements - 1);

/** Asks for a run of a workflow. @returns its ID. */
async function ask(product: Product, workflow: string, payload: Record<string, unknown>): Promise<string> {
  const body = { payload: { ledger: product.ledger, ...payload } };
  return (await product.client.post<Run>(`/v1/jobs/${workflow}/runs`, body)).id;
}

/** How often each run left its effect. */
function times(product: Product): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { run } of readLedger(product.ledger)) counts.set(run, (counts.get(run) ?? 0) + 1);
  return counts;
}

const scores = (product: Product, id: string) =>
  [...times(product)].filter(([run]) => run.startsWith(`${id}@score,`));

/** Every step of this run left its effect once, each element too. */
function eachOnce(product: Product, id: string, elements: number): void {
  const counts = times(product);
  for (const step of ['extract', 'clean', 'publish']) expect(counts.get(`${id}@${step}`), step).toBe(1);
  expect(scores(product, id)).toHaveLength(elements);
  expect(scores(product, id).every(([, count]) => count === 1)).toBe(true);
}

const worker = ({ hosts }: Product, host: number) =>
  hosts[host]!.children().find(({ command }) => /worker/.test(command))!;

describe('a workflow', () => {
  test('fans out, fans in, and its run has the results of its last steps', async () => {
    const product = await startProduct();
    await product.deploy('flow-1');
    const id = await ask(product, 'flow.nightly', { elements: 30 });
    const [run] = await product.all([id], ['completed']);
    expect(run!.result).toEqual({ publish: { sum: sumOf(30), by: 1 } });
    eachOnce(product, id, 30);
    const at = new Map(readLedger(product.ledger).map(({ run, at }) => [run, BigInt(at)]));
    for (const [run] of scores(product, id)) expect(at.get(run)! < at.get(`${id}@publish`)!, run).toBe(true);
    expect(at.get(`${id}@extract`)! < at.get(`${id}@clean`)!).toBe(true);
    await leavesNothing(product);
  });

  test('waits for a signal and for a time, and may be a step of another', async () => {
    const product = await startProduct();
    await product.deploy('flow-1');
    const id = await ask(product, 'flow.approved', { elements: 3 });
    await product.all([id], ['waiting']);
    await signalWorkflow(product.store, { queue: 'flow', jobId: id }, 'approve', '{"by":"ops"}');
    const [run] = await product.all([id], ['completed']);
    expect(run!.result).toEqual({ nightly: { publish: { sum: sumOf(3), by: 1 } } });
    eachOnce(product, `${id}@nightly`, 3);
    await leavesNothing(product);
  });

  test('fails with its step and run, and goes on from what failed when it is retried', async () => {
    const product = await startProduct();
    await product.deploy('flow-1');
    const mended = product.signal();
    const id = await ask(product, 'flow.nightly', { elements: 5, mended: mended.path });
    const [failed] = await product.all([id], ['failed']);
    expect(failed!.error).toMatchObject({ message: `step "score", run ${id}@score,4: no such airport` });
    const cli = (...args: string[]) => runCli(args, { env: { SLACKWATER_URL: product.client.url } });
    expect((await cli('runs', 'show', id)).stdout).toContain(
      `slackwater runs parts ${id} --state failed,cancelled`,
    );
    const parts = await cli('runs', 'parts', id, '--step', 'score', '--state', 'failed');
    expect(parts.stdout).toMatch(/@score,4 +flow.score +failed .*no such airport/);
    const alone = await cli('runs', 'retry', '--state', 'failed', '--job', 'flow.score');
    expect(alone.stderr).toContain(`1 run is part of workflow run ${id} (flow.nightly): retry that one`);
    expect(alone.code).toBe(1);
    mended.open();
    expect((await cli('runs', 'retry', id)).code).toBe(0);
    const [run] = await product.all([id], ['completed']);
    expect(run!.result).toEqual({ publish: { sum: sumOf(5), by: 1 } });
    eachOnce(product, id, 5);
    await leavesNothing(product);
  });

  test('gives its steps their own attempts and time, and refuses results that are too large', async () => {
    const product = await startProduct();
    await product.deploy('flow-1');
    const id = await ask(product, 'flow.moods', { elements: 0 });
    const [run] = await product.all([id], ['completed']);
    expect(run!.result).toEqual({ tries: { attempt: 3, fill: '' } });
    expect(Object.fromEntries(times(product))).toEqual({
      [`${id}@tries`]: 3,
      [`${id}@late`]: 1,
      [`${id}@large`]: 1,
    });
    const [late, large] = await product.all([`${id}@late`, `${id}@large`], ['failed']);
    expect(late!.error).toMatchObject({ name: 'TimeoutError' });
    expect(large!.error!.message).toMatch(
      /^the result has \d+ bytes, and a step of a workflow may have 262144 \(limits.resultBytes\)/,
    );
    await leavesNothing(product);
  });

  test('that is cancelled has its runs cancelled, those that run and those that wait', async () => {
    const product = await startProduct({ workers: 1, env: { SLACKWATER_HOST_RUN_CONCURRENCY: '2' } });
    await product.deploy('flow-1');
    const id = await ask(product, 'flow.nightly', { elements: 400, until: product.signal().path });
    await product.all([`${id}@score,0`], ['running']);
    expect((await runCli(['runs', 'cancel', id], { env: { SLACKWATER_URL: product.client.url } })).code).toBe(
      0,
    );
    await product.all([id], ['cancelled']);
    const parts = Array.from({ length: 400 }, (_, part) => `${id}@score,${part}`);
    await product.all(parts, ['cancelled']);
    expect(scores(product, id)).toEqual([]);
    await leavesNothing(product);
  });
});

test('through a window with a new release, while its workers and a host are killed: every step once, the rest by the new code', async () => {
  const elements = 60;
  const product = await startProduct({ hosts: 2, workers: 1 });
  await product.deploy('flow-1');
  const until = product.signal();
  const ids = await Promise.all(
    [1, 2, 3].map(() => ask(product, 'flow.nightly', { elements, until: until.path })),
  );
  await product.all(
    ids.map(id => `${id}@score,${elements - 1}`),
    ['running', 'yielded', 'queued'],
  );
  process.kill(worker(product, 0).pid, 'SIGKILL');
  const release = await product.push('flow-2');
  const opened = await product.open(release);
  process.kill(worker(product, 1).pid, 'SIGKILL');
  await product.endedAs(opened.id, 'completed');
  product.hosts[0]!.kill('SIGKILL');
  await product.startHost();
  until.open();
  const runs = await product.all(ids, ['completed'], 90_000);
  for (const [i, run] of runs.entries()) {
    expect(run.result).toEqual({ publish: { sum: sumOf(elements), by: 2 } });
    eachOnce(product, ids[i]!, elements);
  }
  await leavesNothing(product);
});

/** No run waits, no agenda names anything, and what is kept of those that have ended goes in time. */
async function leavesNothing({ store }: Product): Promise<void> {
  const { redis, queuePrefix } = store;
  const found = async (pattern: string) => (await redis.keys(`${queuePrefix}:${pattern}`)).sort();
  await eventually(async () => {
    expect(await found('sw:agenda:*')).toEqual([]);
    expect(await found('*:sw:workflows')).toEqual([]);
    expect([...(await found('*:wait')), ...(await found('*:active')), ...(await found('*:delayed'))]).toEqual(
      [],
    );
    for (const key of await found('*:sw:wf*')) expect(await redis.pttl(key), key).toBeGreaterThan(0);
    return true;
  });
}
