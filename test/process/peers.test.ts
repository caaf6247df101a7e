import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { hostsOf, type Product, startProduct } from './support/product.js';

/*
 * What users of other schedulers were caught by when they deployed over long jobs, each with the issue that tells it. Near to them, elsewhere: a refused release
 * pauses nothing (refusal.test.ts), a deadline opens intake again (deadline.test.ts), a server killed in each phase (killed-in-window.test.ts), a host
 * that leaves gives its runs back (crash.test.ts).
 */

describe('a failed release leaves no queue paused (sidekiq#5047)', () => {
  async function opensAgain(product: Product, release: string): Promise<void> {
    expect(await product.client.list('/v1/holds')).toEqual([]);
    const queues = await product.client.list<{ name: string; paused: boolean }>('/v1/queues');
    expect(queues.filter(({ paused }) => paused)).toEqual([]);
    const [id] = await product.enqueue('ledger.steps', [{ items: 1, everyMs: 1 }]);
    const [run] = await product.all([id!], ['completed']);
    expect(run).toMatchObject({ release, attempt: 1 });
  }

  test('that no worker can load', async () => {
    const product = await startProduct({ workers: 1 });
    const v1 = await product.deploy('v1');
    const window = await product.endedAs(
      (await product.open(await product.push('unloadable'))).id,
      'refused',
    );
    expect(window.summary).toMatch(/no licence on this machine/);
    await opensAgain(product, v1);
  });

  test('that a run in the way keeps from starting', async () => {
    const product = await startProduct({ workers: 1 });
    const v1 = await product.deploy('v1');
    const end = product.signal();
    const [stubborn] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
    await product.all([stubborn!], ['running']);
    const { id } = await product.open(await product.push('v2'), { drainTimeout: '1s' });
    await product.endedAs(id, 'aborted');
    await opensAgain(product, v1);
    end.open();
    await product.all([stubborn!], ['completed']);
  });
});

test('all queues stop together, and none starts work that would keep the others waiting (oban#856)', async () => {
  const product = await startProduct();
  await product.deploy('v1');
  const [go, end] = [product.signal(), product.signal()];
  const work = { items: 20, everyMs: 10, until: go.path };
  const first = [
    ...(await product.enqueue('ledger.steps', Array(10).fill(work))),
    ...(await product.enqueue('ledger.publisher', Array(10).fill(work))),
  ];
  const [last] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
  await product.all([...first, last!], ['running']);

  const window = await product.open(await product.push('v2'), { drainTimeout: '60s' });
  await product.phase(window.id, 'draining');
  // One queue keeps the window waiting: nothing that may take as long starts in any of them any more.
  const later = await product.enqueue('ledger.stubborn', [{ until: end.path }, { until: end.path }]);
  expect((await product.run(last!)).state).toBe('running');
  end.open();
  await product.endedAs(window.id, 'completed');

  expect((await product.report(window.id)).runs.yielded).toBe(first.length);
  go.open();
  await product.all([...first, last!, ...later], ['completed']);
  const effects = readLedger(product.ledger);
  const ended = effects.find(({ run, item }) => run === last && item === 1)!;
  const begun = effects.filter(({ run }) => later.includes(run));
  expect(new Set(begun.map(({ run }) => run))).toEqual(new Set(later));
  expect(begun.filter(({ at }) => BigInt(at) < BigInt(ended.at))).toEqual([]);
});

test('locks are renewed while draining, beyond the time of a lock (solid_queue#568)', async () => {
  const lockMs = 3_000;
  const product = await startProduct({ hosts: 2, env: { SLACKWATER_LOCK_DURATION: `${lockMs}ms` } });
  await product.deploy('v1');
  const [go, end] = [product.signal(), product.signal()];
  const yielding = await product.enqueue(
    'ledger.steps',
    Array(10).fill({ items: 10, everyMs: 10, until: go.path }),
  );
  const [slow] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
  await product.all([...yielding, slow!], ['running']);
  const window = await product.open(await product.push('v2'), { drainTimeout: '60s' });
  await product.phase(window.id, 'draining');

  const { redis, keys } = product.store;
  const locks = () =>
    Promise.all([
      redis.get(keys.lock('stubborn', slow!)),
      ...yielding.map(id => redis.get(keys.lock('steps', id))),
    ]);
  const held = await locks();
  const begun = performance.now();
  await eventually(
    async () => {
      expect(await locks()).toEqual(held);
      return performance.now() - begun > 2 * lockMs;
    },
    { what: 'twice the time of a lock' },
  );
  expect(held.every(Boolean)).toBe(true);
  end.open();
  await product.endedAs(window.id, 'completed');
  go.open();
  const runs = await product.all([...yielding, slow!], ['completed']);
  expect(runs.every(({ attempt }) => attempt === 1)).toBe(true);
  const effects = readLedger(product.ledger);
  const ofSlow = effects.filter(({ run }) => run === slow);
  expect(ofSlow.map(({ item, fence }) => [item, fence])).toEqual([
    [0, 1],
    [1, 1],
  ]);
  expect(
    account(
      effects.filter(({ run }) => run !== slow),
      yielding,
      10,
    ),
  ).toEqual({ repeated: [], lost: [], retried: [] });
});

test('a draining job can still enqueue its children, each once (nestjs/bull#2069)', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('peers');
  const end = product.signal();
  const [slow] = await product.enqueue('ledger.stubborn', [{ until: end.path }]);
  const parents = await product.enqueue('ledger.parent', [{}, {}]);
  await product.all([slow!, ...parents], ['running']);

  const window = await product.open(await product.push(anotherBuild(1)), { drainTimeout: '60s' });
  const children = () => product.client.list<{ id: string }>('/v1/runs', { job: 'ledger.steps' });
  await eventually(async () => (await children()).length === 2, { what: 'a child of each' });
  expect(await children()).toMatchObject(Array(2).fill({ state: 'queued', heldBy: [{ window: window.id }] }));
  expect((await product.client.get<Window>(`/v1/windows/${window.id}`)).phase).toBe('draining');

  end.open();
  await product.endedAs(window.id, 'completed');
  const runs = await product.all(parents, ['completed']);
  const ids = runs.map(({ result }) => result as string);
  expect(ids.toSorted()).toEqual((await children()).map(({ id }) => id).toSorted());
  expect(runs.every(({ attempt, release }) => attempt === 1 && release === window.release)).toBe(true);
  await product.all(ids, ['completed']);
});

test('one deploy after the other does not starve a long run (sidekiq#6163)', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('peers');
  const end = product.signal();
  const [id] = await product.enqueue('ledger.lasting', [{ until: end.path }]);
  await product.all([id!], ['running']);
  for (let n = 1; n <= 10; n++) {
    const release = await product.deploy(anotherBuild(n));
    await eventually(() => readLedger(product.ledger).at(-1)?.release === release, { what: 'an advance' });
  }
  end.open();
  const [run] = await product.all([id!], ['completed']);
  const effects = readLedger(product.ledger);
  expect(run).toMatchObject({ attempt: 1, result: effects.length });
  expect(account(effects, [id!], effects.length)).toEqual({ repeated: [], lost: [], retried: [] });
  expect(overlaps(effects)).toEqual([]);
  expect(new Set(effects.map(({ release }) => release)).size).toBe(11);
});

test('a window, and a hold of a person, outlive the death of server and hosts (dagu#2761)', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy('v1');
  const startsAt = new Date(Date.now() + 3_600_000).toISOString();
  const window = await product.open(await product.push('v2'), { startsAt, reason: 'the weekly one' });
  const hold = await product.client.post<{ id: string }>('/v1/holds', {
    queues: ['steps'],
    reason: 'the bank is closed',
    until: startsAt,
  });
  for (const one of [product.server, product.hosts[0]!]) {
    one.kill('SIGKILL');
    await one.exit;
  }
  await product.startServer();
  await product.startHost();

  const [id] = await product.enqueue('ledger.steps', [{ items: 1, everyMs: 1 }]);
  const [free] = await product.enqueue('ledger.busy', [{ items: 1, everyMs: 1 }]);
  // A host works again: what it lets be is held.
  await product.all([free!], ['completed']);
  const waits = { state: 'queued', heldBy: [{ hold: hold.id, reason: 'the bank is closed' }] };
  expect(await product.run(id!)).toMatchObject(waits);
  expect(await product.client.get<Window>(`/v1/windows/${window.id}`)).toMatchObject({
    phase: 'scheduled',
    startsAt,
    reason: 'the weekly one',
  });

  // The dead host is missed until its locks have ended: a window would be refused for it.
  await eventually(async () => (await hostsOf(product)).length === 1);
  await product.client.post(`/v1/windows/${window.id}/start`);
  await product.endedAs(window.id, 'completed');
  expect(await product.run(id!)).toMatchObject(waits);
  await product.client.remove(`/v1/holds/${hold.id}`);
  const [run] = await product.all([id!], ['completed']);
  expect(run).toMatchObject({ attempt: 1, release: window.release });
});

test('a release of other bytes with the same version of its checkpoint is compatible (decocms/studio#4143)', async () => {
  const product = await startProduct({ workers: 1 });
  const release = await product.deploy('peers');
  const end = product.signal();
  const [id] = await product.enqueue('ledger.lasting', [{ until: end.path }]);
  await eventually(async () => (await product.run(id!)).checkpoint);
  const next = await product.push(anotherBuild(1));
  expect(next).not.toBe(release);
  const plan = await product.client.post(
    '/v1/windows',
    { release: next, reason: 'a look' },
    { query: { dryRun: true } },
  );
  expect(plan).toMatchObject({ refusals: [] });
  const window = await product.endedAs((await product.open(next)).id, 'completed');
  expect(window.refusals).toEqual([]);
  const report = await product.report(window.id);
  expect(report).toMatchObject({
    runs: { inFlight: 1, resumed: 1, parked: 0 },
    work: { repeatedCheckpoints: 0 },
  });
  expect(report.proof.checkpoints).toBeGreaterThan(0);
  end.open();
  const [run] = await product.all([id!], ['completed']);
  expect(run).toMatchObject({ release: next, attempt: 1, checkpoint: { version: 1 } });
});

/** A jobs folder that builds to the same jobs as `peers`, in other bytes. */
function anotherBuild(n: number): string {
  const folder = tempDir('build');
  const jobs = JSON.stringify(`${ROOT}test/process/releases/peers/jobs.ts`);
  writeFileSync(path.join(folder, 'jobs.ts'), `export * from ${jobs};\nexport const build = ${n};\n`);
  return folder;
}
