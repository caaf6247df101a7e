import { describe, expect, test } from 'vitest';
import type { Phase, Report, Window } from '../../src/model/window.js';
import { eventually } from '../support/eventually.js';
import { describeWithRedisBinary, type KillableRedis, privateRedis } from '../support/private-redis.js';
import { account, overlaps, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const RUNS = 30;
const ITEMS = 6;

type Fault = (product: Product, redis: KillableRedis) => Promise<void>;

const FAULTS: Record<string, Fault> = {
  'a worker': async product => {
    const worker = product.hosts[0]!.children().find(({ command }) => /worker/.test(command));
    process.kill(worker!.pid, 'SIGKILL');
  },
  'a host': async product => {
    product.hosts[0]!.kill('SIGKILL');
    await product.startHost();
  },
  'the server': async product => {
    product.server.kill('SIGKILL');
    await product.server.exit;
    await product.startServer();
  },
  Redis: async (_product, redis) => {
    await redis.restart();
  },
};

describeWithRedisBinary('SIGKILL in the middle of a window', () => {
  for (const phase of ['preparing', 'draining', 'swapping'] as const) {
    describe(phase === 'swapping' ? 'as soon as it swaps' : `while ${phase}`, () => {
      for (const [victim, fault] of Object.entries(FAULTS)) {
        test(`of ${victim}: the window ends, all runs complete, none is lost, no hold is left`, async () => {
          const report = await survives(phase, fault);
          if (phase === 'draining' && victim === 'a host') tellsOfTheHost(report!);
        });
      }
    });
  }
});

/** What it had in flight is told as what it is. */
function tellsOfTheHost({ runs, summary }: Report): void {
  expect(runs.interrupted).toBeGreaterThan(0);
  expect(runs.resumed + runs.finished).toBeLessThanOrEqual(runs.inFlight);
  expect(runs.interrupted! + runs.resumed + runs.finished).toBeGreaterThanOrEqual(RUNS);
  expect(summary).toMatch(/on a host that fell silent go on elsewhere/);
}

async function survives(phase: Phase, fault: Fault): Promise<Report | null> {
  const redis = await privateRedis();
  const product = await startProduct({ redisUrl: redis.url, hosts: 2, workers: 1 });
  await product.deploy('v1');
  // Long steps keep the window in its phases for as long as it takes to strike.
  const go = product.signal();
  const ids = await product.enqueue(
    'ledger.steps',
    Array.from({ length: RUNS }, () => ({ items: ITEMS, everyMs: 700, until: go.path })),
  );
  await product.all(ids, ['running']);
  const release = await product.push('v2');
  // What Redis has taken in since its last fsync (a second at most) may be lost with it: not the deploy, which is older.
  await eventually(() => readLedger(product.ledger).length > RUNS * 2);

  const opened = await product.open(release, { drainTimeout: '60s' });
  await product.reached(opened.id, phase);
  await fault(product, redis);

  const window = await endedOrForgotten(product, opened.id);
  go.open();
  const current = window?.outcome === 'completed' ? release : (opened.previousRelease as string);
  if (window) expect(['completed', 'refused', 'aborted']).toContain(window.outcome);
  const runs = await product.all(ids, ['completed'], 90_000);
  expect(runs.every(run => run.result === ITEMS && run.attempt === 1)).toBe(true);
  const effects = readLedger(product.ledger);
  expect(account(effects, ids, ITEMS)).toMatchObject({ lost: [], retried: [] });
  expect(overlaps(effects)).toEqual([]);
  expect(await product.client.list('/v1/holds')).toEqual([]);
  const queues = await product.client.list<{ name: string; paused: boolean }>('/v1/queues');
  expect(queues.filter(({ paused }) => paused)).toEqual([]);
  const [after] = await product.enqueue('ledger.steps', [{ items: 1, everyMs: 1 }]);
  const [last] = await product.all([after!], ['completed']);
  expect(last!.release).toBe(current);
  return window && product.report(window.id);
}

/** A Redis that is killed within a second of the declaration may have forgotten the window itself. */
async function endedOrForgotten(product: Product, id: string): Promise<Window | null> {
  return eventually(
    async () => {
      try {
        return { window: await product.ended(id, 1_000) };
      } catch (error) {
        if (
          (error as { code?: string }).code === 'not-found' ||
          /not.found/i.test(String((error as Error).cause))
        )
          return { window: null };
        throw error;
      }
    },
    { timeout: 60_000, what: `the end of window ${id}` },
  ).then(({ window }) => window);
}
