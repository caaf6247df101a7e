import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lines } from '../../src/host/lines.js';
import { Seats } from '../../src/host/seats.js';
import type { ClaimedRun } from '../../src/queue/consumer.js';
import { requestCancel } from '../../src/store/run-requests.js';
import { jobsInLine, keepSeat } from '../../src/store/seats.js';
import { anna } from '../support/anna.js';
import { eventually } from '../support/eventually.js';
import { type Claim, type Line, useLine } from '../support/line.js';
import { redisServer } from '../support/redis-servers.js';

const ids = (seated: Map<string, Claim>) => [...seated.keys()];
const waits = async (line: Line, id: string) => JSON.parse((await line.run(id)).waits ?? 'null');
/** How often a run was claimed. */
const claims = async (line: Line, id: string) =>
  Number(await line.store.redis.hget(line.store.keys.job('q', id), 'ats'));

describe('seats of a job', () => {
  test('are taken in order; who finds none leaves its host, and others of the queue pass', async () => {
    const line = useLine({ concurrency: 2 });
    await line.add('a', 'b', 'c', 'd');
    expect(ids(await line.startAll())).toEqual(['a', 'b']);
    expect(await line.place('c')).toBe('delayed');
    expect(await waits(line, 'd')).toEqual({ limit: 'concurrency', most: 2 });
    expect(await line.store.redis.exists(line.store.keys.lock('q', 'c'))).toBe(0);
    await line.queue.add('another', {}, { jobId: 'other' });
    expect((await line.claim())?.id).toBe('other');
  });

  test('the first in line is called to the head of the queue when one is free, and is claimed twice in all', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b', 'c');
    const seated = await line.startAll();
    await line.add('late');
    await line.end(seated.get('a')!);
    await line.leave('a');
    expect(ids(await line.startAll())).toEqual(['b']);
    expect(await line.run('b')).not.toHaveProperty('waits');
    expect(await claims(line, 'b')).toBe(2);
    expect(await waits(line, 'late')).toBeTruthy();
  });

  test('a called run has its seat before it is claimed: nobody comes in between', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b');
    const seated = await line.startAll();
    await line.end(seated.get('a')!);
    await line.leave('a');
    // Claimed before the called one.
    await line.queue.add('job', {}, { jobId: 'pushy', lifo: true });
    expect(ids(await line.startAll())).toEqual(['b']);
  });

  test('a seat outlives the claim: after a crash the same run goes on, and no other', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b');
    await line.startAll();
    const { redis, keys } = line.store;
    await redis.del(keys.lock('q', 'a'));
    await line.look();
    expect(await line.place('b')).toBe('delayed');
    // As the queue brings back what stalled.
    await redis.lrem(keys.job('q', 'active'), 1, 'a');
    await redis.rpush(keys.job('q', 'wait'), 'a');
    expect(ids(await line.startAll())).toEqual(['a']);
  });

  test('that nobody freed after the end of its run is found by the next look', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b', 'c');
    const seated = await line.startAll();
    await line.end(seated.get('a')!);
    await line.look();
    expect(ids(await line.startAll())).toEqual(['b']);
  });

  test('that of a run which was removed is found too, and who was removed in line is passed by', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b', 'c');
    await line.startAll();
    await (await line.queue.getJob('b'))!.remove();
    const { redis, keys } = line.store;
    await redis.del(keys.lock('q', 'a'), keys.job('q', 'a'));
    await redis.lrem(keys.job('q', 'active'), 1, 'a');
    await line.look();
    expect(ids(await line.startAll())).toEqual(['c']);
    expect(await line.run('b')).toEqual({});
  });

  test('a run that waits for its next attempt has none, and asks again as the first', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b', 'c');
    const a = (await line.startAll()).get('a')!;
    await a.job.moveToDelayed(Date.now() + 60_000, a.token);
    await line.look();
    const b = (await line.startAll()).get('b')!;
    await (await line.queue.getJob('a'))!.promote();
    expect(ids(await line.startAll())).toEqual([]);
    await line.end(b);
    await line.leave('b');
    expect(ids(await line.startAll())).toEqual(['a']);
  });

  test('promoted by hand in line, it only gets in line again, where it stood', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b', 'c');
    const seated = await line.startAll();
    await (await line.queue.getJob('c'))!.promote();
    expect(ids(await line.startAll())).toEqual([]);
    await line.end(seated.get('a')!);
    await line.leave('a');
    expect(ids(await line.startAll())).toEqual(['b']);
  });

  test('cancelled in line, or long before it is due, it is called at once for its end', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b', 'c');
    await line.startAll();
    await line.queue.add('job', {}, { jobId: 'later', delay: 3_600_000 });
    for (const jobId of ['c', 'later'])
      expect(await requestCancel(line.store, { queue: 'q', jobId }, anna)).toBe('ok');
    const claimed = [(await line.claim())!, (await line.claim())!];
    expect(claimed.map(({ id }) => id).sort()).toEqual(['c', 'later']);
    for (const claim of claimed) {
      expect(await line.ask(claim)).toEqual({ kind: 'ok' });
      await line.end(claim);
      await line.leave(claim.id);
    }
    // It took nobody's seat, and nobody was called in its place.
    expect(await line.claim()).toBeNull();
  });

  test('more of them with a new release: the next look calls; fewer: who has one keeps it', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b', 'c', 'd');
    const seated = await line.startAll();
    line.limits = { ...line.limits, concurrency: 3 };
    await line.look();
    const more = await line.startAll();
    expect(ids(more)).toEqual(['b', 'c']);
    line.limits = { ...line.limits, concurrency: 1 };
    await line.end(seated.get('a')!);
    await line.leave('a');
    expect(await line.claim()).toBeNull();
  });

  test('without a limit in the new release all are called, and nothing is left of the line', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b', 'c');
    await line.startAll();
    expect(await jobsInLine(line.store, 'q')).toEqual(['job']);
    line.limits = { ...line.limits, concurrency: null };
    await line.look();
    expect(ids(await line.startAll())).toEqual(['b', 'c']);
    expect(await jobsInLine(line.store, 'q')).toEqual([]);
  });

  test('a run that goes on is counted and not kept waiting', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b', 'c');
    const [a, b] = [(await line.claim())!, (await line.claim())!];
    for (const claim of [a, b]) expect(await line.ask(claim, { goesOn: true })).toEqual({ kind: 'ok' });
    await line.end(a);
    await line.leave('a');
    expect(ids(await line.startAll())).toEqual([]);
  });

  test('nobody is called while the queue is paused, and a claim that is no longer ours gets nothing', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a', 'b');
    const a = (await line.startAll()).get('a')!;
    await line.end(a);
    await line.queue.pause();
    await line.look();
    expect(await line.place('b')).toBe('delayed');
    await line.queue.resume();
    await line.look();
    const b = (await line.claim())!;
    expect(await line.ask({ ...b, token: 'of another' })).toEqual({ kind: 'lost' });
    expect(await line.ask(b)).toEqual({ kind: 'ok' });
  });

  test('by priority, which waiting makes up for', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('a');
    const a = (await line.startAll()).get('a')!;
    await line.queue.add('job', {}, { jobId: 'low', priority: 10 });
    await line.startAll();
    await line.queue.add('job', {}, { jobId: 'high', priority: 1 });
    await line.startAll();
    const rank = async (id: string) =>
      Number(await line.store.redis.zscore(`${line.store.keys.seats('q', 'job')}:line`, id));
    const ahead = (await rank('low')) - (await rank('high'));
    // Nine steps of a minute, less the moment between the two.
    expect(ahead).toBeLessThan(9 * 60_000_000);
    expect(ahead).toBeGreaterThan(8 * 60_000_000);
    await line.end(a);
    await line.leave('a');
    expect(ids(await line.startAll())).toEqual(['high']);
  });
});

test('with the memory of Redis full nobody starts, and a seat is freed all the same', async () => {
  const redis = await redisServer();
  const line = useLine({ concurrency: 1 }, redis.url);
  await line.add('a', 'b', 'c');
  const a = (await line.startAll()).get('a')!;
  await line.end(a);
  await redis.redis.config('SET', 'maxmemory', 1);
  await line.leave('a');
  expect(await line.place('b')).toBe('wait');
  await redis.redis.config('SET', 'maxmemory', 0);
  const b = (await line.claim())!;
  await redis.redis.config('SET', 'maxmemory', 1);
  await expect(line.ask(b)).rejects.toThrow(/OOM/);
  await redis.redis.config('SET', 'maxmemory', 0);
  expect(await line.ask(b)).toEqual({ kind: 'ok' });
});

describe('seats of a key', () => {
  const keyOf = (id: string) => id[0];

  test('one for each key, in order; other keys pass', async () => {
    const line = useLine({});
    await line.add('x1', 'x2', 'x3', 'y1');
    const seated = await line.startAll(keyOf);
    expect(ids(seated)).toEqual(['x1', 'y1']);
    expect(await waits(line, 'x2')).toEqual({ limit: 'perKey', most: 1, key: 'x' });
    await line.end(seated.get('x1')!);
    await line.leave('x1');
    expect(ids(await line.startAll(keyOf))).toEqual(['x2']);
  });

  test('and then one of the job: who waits for that has the seat of its key', async () => {
    const line = useLine({ concurrency: 1 });
    await line.add('x1', 'x2', 'y1', 'y2');
    const seated = await line.startAll(keyOf);
    expect(ids(seated)).toEqual(['x1']);
    expect(await waits(line, 'y1')).toEqual({ limit: 'concurrency', most: 1 });
    expect(await waits(line, 'y2')).toMatchObject({ limit: 'perKey', key: 'y' });
    // In the order in which they asked, whatever kept them.
    const order: string[] = [];
    let next: Claim | undefined = seated.get('x1');
    while (next) {
      await line.end(next);
      await line.leave(next.id);
      const started: Claim[] = [...(await line.startAll(keyOf)).values()];
      order.push(...started.map(({ id }) => id));
      next = started[0];
    }
    expect(order).toEqual(['x2', 'y1', 'y2']);
  });

  test('stays with a run that is given back for another host to take', async () => {
    const line = useLine({});
    await line.add('x1', 'x2');
    const seated = await line.startAll(keyOf);
    const { job, token } = seated.get('x1')!;
    const [seconds] = await line.store.redis.time();
    await keepSeat(line.store, { queue: 'q', jobId: 'x1' }, (Number(seconds) + 60) * 1_000);
    await job.moveToDelayed(Date.now() + 60_000, token);
    await line.look();
    expect(ids(await line.startAll(keyOf))).toEqual([]);
    await job.promote();
    const back = await line.startAll(keyOf);
    expect(ids(back)).toEqual(['x1']);
    await line.end(back.get('x1')!);
    await line.leave('x1');
    expect(ids(await line.startAll(keyOf))).toEqual(['x2']);
  });

  test('is left by whoever took it, though the release that runs has no key any more', async () => {
    const line = useLine({});
    const jobs = new Map();
    const lines = new Lines(line.store);
    await line.add('x1', 'x2', 'x3');
    const seated = await line.startAll(keyOf);
    await lines.look('q', jobs);
    const unused = { held: null!, patience: null!, trouble: null!, agingMs: 0, now: () => 0 };
    const seats = new Seats({ ...unused, store: line.store, lines, leaving: () => false, lose: () => {} });
    await line.end(seated.get('x1')!);
    const claimed = { queue: 'q', jobId: 'x1', job: 'job', concurrencyKey: null, taskRelease: null };
    await seats.left(claimed as ClaimedRun, undefined, true);
    // Called by that, not by a look, of which there is one a second.
    expect(await line.place('x2')).toBe('wait');
    expect(await line.place('x3')).toBe('delayed');
  });

  test('that nobody freed is found by the look', async () => {
    const line = useLine({ perKey: 2 });
    await line.add('x1', 'x2', 'x3');
    const seated = await line.startAll(keyOf);
    expect(ids(seated)).toEqual(['x1', 'x2']);
    await line.end(seated.get('x2')!);
    await line.look();
    expect(ids(await line.startAll(keyOf))).toEqual(['x3']);
  });

  test('a run whose key is another with the next release waits for that', async () => {
    const line = useLine({});
    await line.add('x1', 'x2');
    await line.startAll(keyOf);
    await (await line.queue.getJob('x2'))!.promote();
    expect(ids(await line.startAll(() => 'z'))).toEqual(['x2']);
    expect(await jobsInLine(line.store, 'q')).toEqual([]);
  });
});

/** Has all of these begin as a host does: who comes early waits in it. @returns when each began, ms. */
async function beginAll(line: Line, count: number): Promise<number[]> {
  const began: number[] = [];
  const early = new Set<Claim>();
  const ask = async (claim: Claim) => {
    early.delete(claim);
    const { kind } = await line.ask(claim);
    if (kind === 'early') early.add(claim);
    if (kind !== 'ok') return;
    const key = `${line.store.keys.seats('q', 'job')}:begun`;
    began.push(Number((await line.store.redis.zrange(key, '-1', '-1', 'WITHSCORES'))[1]));
  };
  const goOn = async () => {
    for (let claim = await line.claim(); claim; claim = await line.claim()) await ask(claim);
    for (const claim of early) await ask(claim);
    await line.look();
    return began.length === count;
  };
  await eventually(goOn, { every: 5, what: 'the start of all' });
  return began;
}

describe('a rate', () => {
  const names = Array.from({ length: 12 }, (_, i) => `r${i}`);
  const spansOf = (began: number[], max: number) => began.slice(max).map((at, i) => at - began[i]!);

  test('in no span more than so many begin, each at its instant, claimed a few times at most', async () => {
    const line = useLine({ rate: { max: 3, perMs: 200 } });
    await line.add(...names);
    const began = await beginAll(line, names.length);
    expect(Math.min(...spansOf(began, 3))).toBeGreaterThanOrEqual(200);
    const claimed = await Promise.all(names.map(id => claims(line, id)));
    expect(Math.max(...claimed)).toBeLessThanOrEqual(2);
    expect(await jobsInLine(line.store, 'q')).toEqual([]);
  });

  test('instants that passed while the queue was paused do not come together', async () => {
    const line = useLine({ rate: { max: 2, perMs: 200 } });
    await line.add(...names);
    await line.startAll();
    await line.queue.pause();
    const { redis, keys } = line.store;
    // All that have an instant are late.
    await eventually(async () => {
      const [, last] = await redis.zrange(`${keys.seats('q', 'job')}:due`, '-1', '-1', 'WITHSCORES');
      return Number(last) < Date.now();
    });
    await line.queue.resume();
    const began = await beginAll(line, names.length - 2);
    expect(Math.min(...spansOf(began, 2))).toBeGreaterThanOrEqual(200);
  });

  test('one that came late, and would have to wait long in its host, gets in line again', async () => {
    const line = useLine({ rate: { max: 1, perMs: 1_000 } });
    await line.add('a', 'b');
    await line.startAll();
    const b = await eventually(() => line.claim());
    // Its host was long in asking, and others began meanwhile.
    const key = `${line.store.keys.seats('q', 'job')}:begun`;
    line.limits = { ...line.limits, rate: { max: 1, perMs: 60_000 } };
    await line.store.redis.zadd(key, Date.now(), 'another');
    expect(await line.ask(b)).toEqual({ kind: 'waits' });
    expect(await waits(line, 'b')).toMatchObject({ limit: 'rate' });
    expect(await jobsInLine(line.store, 'q')).toEqual(['job']);
  });

  test('a run that goes on after a crash is not counted again', async () => {
    const line = useLine({ rate: { max: 1, perMs: 60_000 } });
    await line.add('a');
    const a = (await line.startAll()).get('a')!;
    expect(await line.ask(a)).toEqual({ kind: 'ok' });
    await line.add('b');
    await line.startAll();
    expect(await waits(line, 'b')).toEqual({ limit: 'rate', most: 1, perMs: 60_000 });
  });
});

/** What may happen to runs with limits, in any order. */
const act = fc.oneof(
  fc.record({ act: fc.constantFrom('claim' as const), n: fc.nat(4) }),
  fc.record({
    act: fc.constantFrom(
      'end',
      'end-unsaid',
      'crash',
      'retry',
      'give-back',
      'remove',
      'promote',
      'cancel',
      'look',
    ),
    n: fc.nat(30),
  }),
);

test('whatever happens to runs, never more of them are under way than there are seats, and all come to their end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (acts, most) => {
      const line = useLine({ concurrency: most, perKey: 1 });
      const { redis, keys } = line.store;
      const all = Array.from({ length: 12 }, (_, i) => `${'xyz'[i % 3]}${i}`);
      await line.add(...all);
      /** Those that compute, as their hosts see it. */
      const underWay = new Map<string, Claim>();
      const check = () => {
        expect(underWay.size).toBeLessThanOrEqual(most);
        const ofKeys = [...underWay.keys()].map(id => id[0]);
        expect(new Set(ofKeys).size).toBe(ofKeys.length);
      };
      const claim = async () => {
        const claimed = await line.claim();
        if (!claimed) return false;
        const cancelled = (await line.run(claimed.id)).cancel === '1';
        const { kind } = await line.ask(claimed, { key: claimed.id[0]! });
        if (kind === 'ok' && cancelled) await end(claimed);
        else if (kind === 'ok') underWay.set(claimed.id, claimed);
        check();
        return true;
      };
      const end = async (claimed: Claim, said = true) => {
        underWay.delete(claimed.id);
        await line.end(claimed);
        if (said) await line.leave(claimed.id);
      };
      const nth = (n: number) => [...underWay.values()][n % Math.max(1, underWay.size)];
      for (const { act, n } of acts) {
        const one = nth(n);
        const id = all[n % all.length]!;
        if (act === 'claim') for (let i = 0; i <= n; i++) await claim();
        if (act === 'look') await line.look();
        if (act === 'end' && one) await end(one);
        if (act === 'end-unsaid' && one) await end(one, false);
        if (act === 'crash' && one) {
          // The host is gone; the queue brings the run back by itself.
          underWay.delete(one.id);
          await redis.del(keys.lock('q', one.id));
          await redis.lrem(keys.job('q', 'active'), 1, one.id);
          await redis.rpush(keys.job('q', 'wait'), one.id);
        }
        if (act === 'give-back' && one) {
          underWay.delete(one.id);
          await one.job.moveToWait(one.token);
        }
        if (act === 'retry' && one) {
          underWay.delete(one.id);
          await one.job.moveToDelayed(Date.now() + 1, one.token);
          await line.leave(one.id);
        }
        const place = await line.place(id);
        if (act === 'promote' && place === 'delayed') await (await line.queue.getJob(id))?.promote();
        if (act === 'remove' && place === 'delayed') await (await line.queue.getJob(id))?.remove();
        if (act === 'cancel' && !underWay.has(id))
          await requestCancel(line.store, { queue: 'q', jobId: id }, anna);
        check();
      }
      await eventually(
        async () => {
          while (await claim());
          for (const claimed of [...underWay.values()]) await end(claimed);
          await line.look();
          return (await line.queue.getJobCountByTypes('wait', 'active', 'delayed', 'prioritized')) === 0;
        },
        { every: 5, what: 'the end of all runs' },
      );
      expect(await jobsInLine(line.store, 'q')).toEqual([]);
      await line.close();
    }),
    { numRuns: 25 },
  );
}, 120_000);
