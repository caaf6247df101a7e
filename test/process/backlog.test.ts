import { Queue } from 'bullmq';
import { expect, test } from 'vitest';
import type { Hold } from '../../src/model/hold.js';
import type { Outcome } from '../../src/model/window.js';
import { followEvents } from '../../src/store/events.js';
import type { Redis } from '../../src/store/redis.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { redisServer } from '../support/redis-servers.js';
import { type Product, startProduct } from './support/product.js';

const FEW = 10;
const MANY = 50_000;
const AT_ONCE = 5_000;

interface Work {
  /** Commands that Redis took, those of scripts included. */
  commands: number;
  /** What they were answered with, bytes. */
  answers: number;
  /** For how long Redis was at it, ms. */
  busyMs: number;
}

describeWithRedisBinary('a window over a queue in which many runs wait', () => {
  test(`asks no more of Redis with ${MANY} of them than with ${FEW}`, async () => {
    const { redis, url } = await redisServer({ appendonly: 'no' });
    const product = await startProduct({ redisUrl: url, hosts: 2, workers: 1 });
    const v1 = await product.deploy('v1');
    const v2 = await product.deploy('v2');
    // They wait throughout, so that what is counted is the work of the window alone.
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await product.client.post<Hold>('/v1/holds', { queues: ['steps'], reason: 'a test', until });

    await wait(product, FEW);
    const few = [await workOf(redis, product, v1), await workOf(redis, product, v2)];
    await wait(product, MANY - FEW);
    expect(await product.client.list('/v1/queues')).toContainEqual(
      expect.objectContaining({ name: 'steps', counts: expect.objectContaining({ wait: MANY }) }),
    );
    const many = [await workOf(redis, product, v1), await workOf(redis, product, v2)];

    const seen = JSON.stringify({ few, many });
    const most = (works: Work[], of: keyof Work) => Math.max(...works.map(work => work[of]));
    expect(most(many, 'commands'), seen).toBeLessThan(3 * most(few, 'commands'));
    expect(most(many, 'answers'), seen).toBeLessThan(3 * most(few, 'answers'));
    expect(most(many, 'busyMs'), seen).toBeLessThan(10 * most(few, 'busyMs'));
  });
});

/** Lets so many more runs wait. */
async function wait({ store, ledger }: Product, runs: number): Promise<void> {
  const queue = new Queue('steps', { connection: store.redis.duplicate(), prefix: store.queuePrefix });
  onEnd(() => queue.close());
  for (let left = runs; left > 0; left -= AT_ONCE)
    await queue.addBulk(
      Array.from({ length: Math.min(left, AT_ONCE) }, () => ({
        name: 'ledger.steps',
        data: { ledger, items: 1, everyMs: 1 },
      })),
    );
}

/** What a whole window costs Redis, from its plan to its end. */
async function workOf(redis: Redis, product: Product, release: string): Promise<Work> {
  // It is told of the end: asking for it would count.
  const ends = await followEnds(product);
  await redis.config('RESETSTAT');
  await product.client.post('/v1/windows', { release, reason: 'a test' }, { query: { dryRun: true } });
  const { id } = await product.open(release);
  const outcome = await ends(id);
  const [stats, commands] = await Promise.all([redis.info('stats'), redis.info('commandstats')]);
  expect(outcome).toBe('completed');
  const each = [...commands.matchAll(/^cmdstat_[^:]+:calls=(\d+),usec=(\d+)/gm)];
  const total = (of: 1 | 2) => each.reduce((sum, found) => sum + Number(found[of]), 0);
  return {
    commands: total(1),
    answers: Number(/total_net_output_bytes:(\d+)/.exec(stats)![1]),
    busyMs: total(2) / 1_000,
  };
}

async function followEnds({ store }: Product): Promise<(window: string) => Promise<Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const events = followEvents(store, {}, ({ type, phase, window, outcome }) => {
    if (type === 'window.phase' && phase === 'done') outcomes.set(String(window), outcome as Outcome);
  });
  await events.start();
  onEnd(() => events.stop());
  return async window => {
    const outcome = await eventually(() => outcomes.get(window), { what: 'its end' });
    await events.stop();
    return outcome;
  };
}
