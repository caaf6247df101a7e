import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeWithRedisBinary, privateRedis } from '../support/private-redis.js';
import { account, continuations, overlaps, readLedger } from './support/ledger.js';
import { type Product, startProduct } from './support/product.js';

const ITEMS = 150;
const LOCK = 2_000;
/** States are offered every 250 ms, kept by Redis within a second, and a worker computes on for as long as its lock lasts; a second for a machine that is busy, ms. */
const UNSAVED = LOCK + 250 + 1_000 + 1_000;

describeWithRedisBinary(
  'beyond the lock time, no run computes in two places, no checkpoint goes back, and all complete',
  () => {
    test('when Redis says nothing, with 100 runs in flight', async () => {
      const redis = await privateRedis();
      const { product, ids } = await inFlight(redis.url);
      redis.freeze();
      // The last effect is that of a worker whose watchdog then ended it.
      await standstill(product);
      redis.thaw();
      await allDone(product, ids);
    });

    test('when Redis is killed and comes back later', async () => {
      const redis = await privateRedis();
      const { product, ids } = await inFlight(redis.url);
      await redis.kill();
      await standstill(product);
      await redis.restart();
      await allDone(product, ids);
    });

    test('when a host hangs, while another goes on', async () => {
      const redis = await privateRedis();
      const { product, ids } = await inFlight(redis.url, 2);
      const hung = busiest(product);
      process.kill(hung.pid, 'SIGSTOP');
      const stopped = new Set(hung.children().map(({ pid }) => pid));
      // Its workers end by themselves, and its runs are computed by the other.
      await eventually(() => hung.children().length === 0, {
        what: 'an end of the workers of the hung host',
        timeout: 15_000,
      });
      const before = readLedger(product.ledger).length;
      await eventually(() => readLedger(product.ledger).length > before + 500);
      process.kill(hung.pid, 'SIGCONT');
      await allDone(product, ids, 1);
      expect(stopped.size).toBeGreaterThan(0);
    });
  },
);

async function inFlight(redisUrl: string, hosts = 1): Promise<{ product: Product; ids: string[] }> {
  const product = await startProduct({ redisUrl, hosts, env: { SLACKWATER_LOCK_DURATION: `${LOCK}ms` } });
  await product.deploy('v1');
  const go = product.signal();
  const ids = await product.enqueue(
    'ledger.steps',
    Array.from({ length: 100 }, () => ({ items: ITEMS, everyMs: 50, until: go.path })),
  );
  await product.all(ids, ['running']);
  await eventually(() => readLedger(product.ledger).length > 1_000);
  go.open();
  return { product, ids };
}

/** The host whose workers have done most. */
function busiest({ hosts, ledger }: Product): Product['hosts'][number] {
  const effects = readLedger(ledger);
  const doneBy = hosts.map(host => {
    const workers = new Set(host.children().map(({ pid }) => pid));
    return effects.filter(({ pid }) => workers.has(pid)).length;
  });
  return hosts[doneBy.indexOf(Math.max(...doneBy))]!;
}

/** Nothing is done any more, for longer than a lock lasts. */
async function standstill(product: Product): Promise<void> {
  await eventually(() => quiet(product), {
    what: 'a standstill',
  });
}

function quiet(product: Product): boolean {
  const last = readLedger(product.ledger).reduce(
    (latest, { at }) => (BigInt(at) > latest ? BigInt(at) : latest),
    0n,
  );
  return process.hrtime.bigint() - last > BigInt(LOCK) * 1_000_000n;
}

/** @param interrupted how many of them at least were computed in more than one start */
async function allDone(product: Product, ids: string[], interrupted = ids.length): Promise<void> {
  const runs = await product.all(ids, ['completed'], 90_000);
  expect(runs.every(run => run.result === ITEMS && run.attempt === 1)).toBe(true);
  const effects = readLedger(product.ledger);
  expect(account(effects, ids, ITEMS)).toMatchObject({ lost: [], retried: [] });
  expect(overlaps(effects)).toEqual([]);
  // They went on from their last saved state: not before where the start before had begun, and no further back than a worker may compute
  // without an answer.
  const continued = continuations(effects);
  expect(new Set(continued.map(({ run }) => run)).size).toBeGreaterThanOrEqual(interrupted);
  expect(continued.filter(({ first, before }) => first < before.first)).toEqual([]);
  expect(continued.filter(({ backMs }) => backMs > UNSAVED)).toEqual([]);
}
