import { expect, test } from 'vitest';
import type { Run } from '../../src/model/run.js';
import { eventually } from '../support/eventually.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { hostsOf, type Product, startProduct } from './support/product.js';

const times = (n: number, payload: (i: number) => Record<string, unknown>) =>
  Array.from({ length: n }, (_, i) => payload(i));

/** The most runs that were under way at once, each from its first effect to its last; of those that this takes. */
function mostAtOnce(product: Product, runs: string[]): number {
  const effects = readLedger(product.ledger).filter(({ run }) => runs.includes(run));
  const spans = runs.flatMap(run => {
    const at = effects.filter(effect => effect.run === run).map(effect => BigInt(effect.at));
    return at.length > 0 ? [{ from: at[0]!, to: at.at(-1)! }] : [];
  });
  return Math.max(
    ...spans.map(({ from }) => spans.filter(span => span.from <= from && from <= span.to).length),
  );
}

/** How often each was claimed, but for claims that ended with their lock, as they do on a machine that has much to do. */
const claimsOf = async ({ store }: Product, runs: string[]) => {
  const counts = await Promise.all(
    runs.map(id => store.redis.hmget(store.keys.job('shared', id), 'ats', 'stc')),
  );
  return counts.map(([claims, lost]) => Number(claims) - Number(lost ?? 0));
};

const released = async (...jobs: string[]) => {
  const product = await startProduct({ hosts: 2, workers: 2 });
  await product.deploy('limits');
  return { product, jobs };
};

test('of a hundred runs two compute at once over all hosts, others of the queue pass, and none is claimed more than twice', async () => {
  const { product } = await released();
  const ids = await product.enqueue(
    'limits.two',
    times(100, () => ({ items: 2, everyMs: 5 })),
  );
  const [other] = await product.enqueue('limits.free', [{ items: 1 }]);
  await product.all([other!], ['completed']);
  const waiting = (await product.runs(ids)).filter(({ state }) => state === 'queued');
  expect(waiting.length).toBeGreaterThan(0);
  await eventually(async () => {
    const last = await product.run(waiting.at(-1)!.id);
    expect(last.state === 'completed' || last.heldBy[0]?.limit === 'concurrency').toBe(true);
    return true;
  });
  await product.all(ids, ['completed']);
  expect(mostAtOnce(product, ids)).toBeLessThanOrEqual(2);
  expect(Math.max(...(await claimsOf(product, ids)))).toBeLessThanOrEqual(2);
  expect(
    account(
      readLedger(product.ledger).filter(({ run }) => ids.includes(run)),
      ids,
      2,
    ),
  ).toEqual({
    repeated: [],
    lost: [],
    retried: [],
  });
});

test('a window and a killed host lose no seat and double none', async () => {
  const { product } = await released();
  const go = product.signal();
  const held = await product.enqueue(
    'limits.two',
    times(2, () => ({ items: 10, until: go.path })),
  );
  await product.all(held, ['running']);
  const rest = await product.enqueue(
    'limits.two',
    times(10, () => ({ items: 2, everyMs: 5 })),
  );
  const inLine = (runs: Run[]) => runs.every(({ heldBy }) => heldBy[0]?.limit === 'concurrency');
  await eventually(async () => inLine(await product.runs(rest)), { what: 'the others in line' });

  const next = await product.push('limits-next');
  await product.endedAs((await product.open(next)).id, 'completed');
  expect((await product.runs(held)).map(({ release }) => release)).toEqual([next, next]);
  expect(inLine(await product.runs(rest))).toBe(true);

  const { host } = await product.run(held[0]!);
  process.kill((await hostsOf(product)).find(({ id }) => id === host)!.pid, 'SIGKILL');
  // Its runs come back to the other host, and nobody starts in their place.
  await eventually(async () => {
    const runs = await product.runs(held);
    return runs.every(run => run.state === 'running' && run.host !== host);
  });
  expect(inLine(await product.runs(rest))).toBe(true);
  go.open();
  await product.all([...held, ...rest], ['completed']);
  expect(mostAtOnce(product, [...held, ...rest])).toBeLessThanOrEqual(2);
  expect(overlaps(readLedger(product.ledger))).toEqual([]);
});

test('hosts that hang or die one after another let no third run in, and all runs come to their end', async () => {
  const { product } = await released();
  const ids = await product.enqueue(
    'limits.two',
    times(30, () => ({ items: 30 })),
  );
  for (const signal of ['SIGSTOP', 'SIGKILL', 'SIGKILL'] as const) {
    const host = await eventually(async () => {
      const running = (await product.runs(ids)).find(({ state }) => state === 'running');
      return (await hostsOf(product)).find(({ id }) => id === running?.host);
    });
    process.kill(host.pid, signal);
    await product.startHost();
    // Long enough for its locks to end and its runs to be another's.
    await eventually(async () => (await hostsOf(product)).every(({ id }) => id !== host.id));
    if (signal === 'SIGSTOP') process.kill(host.pid, 'SIGCONT');
  }
  await product.all(ids, ['completed'], 120_000);
  expect(mostAtOnce(product, ids)).toBeLessThanOrEqual(2);
  const effects = readLedger(product.ledger);
  expect(overlaps(effects)).toEqual([]);
  expect(account(effects, ids, 30).lost).toEqual([]);
});

test('one run of each customer at a time, by the payload or by the key of the request; cancelled in line it ends at once', async () => {
  const { product } = await released();
  const go = product.signal();
  const [a1] = await product.enqueue('limits.keyed', [{ items: 3, customer: 'a', until: go.path }]);
  await product.all([a1!], ['running']);
  const [a2, b1, none] = await product.enqueue('limits.keyed', [
    { items: 1, customer: 'a' },
    { items: 1, customer: 'b' },
    { items: 1 },
  ]);
  await product.all([b1!, none!], ['completed']);
  const asked = { payload: { ledger: product.ledger, items: 1 }, concurrencyKey: 'a' };
  const { id: a3 } = await product.client.post<{ id: string }>('/v1/jobs/limits.keyed/runs', asked);
  await eventually(async () => {
    const runs = await product.runs([a2!, a3]);
    expect(runs.map(({ state, heldBy }) => [state, heldBy[0]?.limit])).toEqual([
      ['queued', 'perKey'],
      ['queued', 'perKey'],
    ]);
    expect(runs[0]!.heldBy[0]!.reason).toContain('"a"');
    return true;
  });
  await product.client.post(`/v1/runs/${a2}/cancel`);
  await eventually(async () => (await product.run(a2!)).finishedAt !== null, { what: 'its end' });
  expect((await product.run(a3)).state).toBe('queued');
  go.open();
  await product.all([a1!, a3], ['completed']);
  expect(mostAtOnce(product, [a1!, a3])).toBe(1);
});

test('three begin in a second', async () => {
  const { product } = await released();
  const ids = await product.enqueue(
    'limits.rated',
    times(10, () => ({ items: 1 })),
  );
  await product.all(ids, ['completed']);
  const starts = (await product.runs(ids)).map(run => Date.parse(run.startedAt!)).sort((a, b) => a - b);
  const spans = starts.slice(3).map((at, i) => at - starts[i]!);
  // A start is told a moment after its instant was taken, and that moment varies.
  expect(Math.min(...spans)).toBeGreaterThan(500);
  expect(Math.max(...(await claimsOf(product, ids)))).toBeLessThanOrEqual(3);
});

test('runs of a workflow keep to the limit of their job, and end at once where it is cancelled while they are in line', async () => {
  const { product } = await released();
  const go = product.signal();
  const [cancelled] = await product.enqueue('limits.fan', [{ elements: 20, until: go.path }]);
  const parts = async (id: string) => (await product.run(id)).steps?.[0]?.ids ?? [];
  await eventually(async () => {
    const runs = await product.runs(await parts(cancelled!));
    expect(runs.filter(({ heldBy }) => heldBy[0]?.limit === 'concurrency')).toHaveLength(18);
    return true;
  });
  await product.client.post(`/v1/runs/${cancelled}/cancel`);
  // Nobody's turn has come: those that run wait for their file until they are told to stop.
  await product.all(await parts(cancelled!), ['cancelled']);
  await product.all([cancelled!], ['cancelled']);
  const { redis, keys } = product.store;
  await eventually(async () => (await redis.exists(keys.lines('shared'))) === 0, { what: 'an empty line' });

  const [whole] = await product.enqueue('limits.fan', [{ elements: 20 }]);
  await product.all([whole!], ['completed']);
  const ids = await parts(whole!);
  expect(ids).toHaveLength(20);
  expect(mostAtOnce(product, ids)).toBeLessThanOrEqual(2);
});

test('a limit of a queue holds over all hosts, through a window, and keeps no hook waiting', async () => {
  const { product } = await released();
  const limits = await product.client.set<{ limits: object }>('/v1/queues/shared', { concurrency: 2 });
  expect(limits).toMatchObject({ limits: { concurrency: 2, rate: null } });
  const go = product.signal();
  const ids = await product.enqueue(
    'limits.free',
    times(6, () => ({ items: 3, until: go.path })),
  );
  const running = async () => (await product.runs(ids)).filter(({ state }) => state === 'running').length;
  await eventually(async () => (await running()) === 2, { what: 'two of them' });
  const hook = {
    name: 'tell',
    when: 'after',
    job: { name: 'limits.free', payload: { ledger: product.ledger, items: 1 } },
  };
  const window = await product.open(await product.push('limits-next'), { hooks: [hook] });
  await product.endedAs(window.id, 'completed');
  expect(await running()).toBe(2);
  go.open();
  await product.all(ids, ['completed']);
  expect(mostAtOnce(product, ids)).toBeLessThanOrEqual(2);
});

test('what a job keeps for a short time goes, what another of its queue keeps stays', async () => {
  const { product } = await released();
  const [long] = await product.enqueue('limits.free', [{ items: 1 }]);
  const [short] = await product.enqueue('limits.short-lived', [{ items: 1 }]);
  await product.all([long!], ['completed']);
  await eventually(
    () =>
      product.run(short!).then(
        () => false,
        error => error.code === 'not-found',
      ),
    {
      what: 'the removal of the run',
    },
  );
  expect((await product.run(long!)).state).toBe('completed');
});
