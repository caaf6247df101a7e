import { describe, expect, test } from 'vitest';
import { showRun } from '../../src/queue/runs.js';
import { createLease } from '../../src/store/lease.js';
import { redisNow } from '../../src/store/redis.js';
import { recordByHand } from '../../src/store/schedules/record-fires.js';
import { findSchedule } from '../../src/store/schedules/schedules.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { losingAnAnswer } from '../support/lost-answer.js';
import { describeWithRedisBinary, privateRedis } from '../support/private-redis.js';
import { useQueues } from '../support/queues.js';
import {
  APP,
  applied,
  doRuns,
  EACH_SECOND,
  fates,
  firesOf,
  hoursAgo,
  instants,
  runsIn,
  schedule,
  setState,
  startScheduler,
} from '../support/schedules.js';
import { useStore } from '../support/store.js';

const second = 1_000;

describe('a fire that is due', () => {
  test('runs once, under the ID of its instant, and says for when', async () => {
    const store = useStore();
    const queues = useQueues(store);
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often', overlap: 'skip', payload: { day: 1 } }]);
    await startScheduler(store);
    const [fire] = await eventually(async () => {
      const fires = await firesOf(store, 'often');
      return fires.length > 0 && fires;
    });
    expect(fire).toMatchObject({ schedule: 'often', app: APP, fate: 'ran', reason: 'on time' });
    const compact = fire!.at.replaceAll(/[-:]|\.000/g, '');
    expect(fire!.run).toBe(`billing.often.${compact}`);
    const run = await eventually(() => showRun(store, fire!.run!));
    expect(run).toMatchObject({ job: 'often', scheduledFor: fire!.at, payload: { day: 1 }, state: 'queued' });
    // Its run has not ended: those after it are left out.
    await eventually(
      async () => fates(await firesOf(store, 'often')).filter(fate => fate === 'skipped').length > 1,
    );
    expect(await runsIn(queues, ['often'])).toEqual([fire!.run]);
  });

  test('has one fate whoever fires: two servers, one after the other, and one that does not know it was replaced', async () => {
    const store = useStore();
    const queues = useQueues(store);
    const names = Array.from({ length: 20 }, (_, i) => `often-${i}`);
    await schedule(
      store,
      'a',
      names.map(job => ({ ...EACH_SECOND, job, overlap: 'replace' as const })),
    );
    const first = await startScheduler(store);
    await startScheduler(store);
    const stale = { owner: 'srv-stale', term: 1, held: () => true, onChange: () => () => {} };
    const replaced = await startScheduler(store, { lease: stale });
    const enough = (count: number) =>
      eventually(async () =>
        (await Promise.all(names.map(name => firesOf(store, name)))).every(fires => fires.length >= count),
      );
    await enough(3);
    await first.stop();
    await enough(6);
    expect(replaced.events.filter(({ type }) => type === 'fires')).toEqual([]);
    for (const name of names) {
      const fires = await firesOf(store, name);
      const times = instants(fires);
      expect(times.slice(1).map((at, i) => at - times[i]!)).toEqual(Array(times.length - 1).fill(second));
      const ran = fires.flatMap(({ run }) => run ?? []);
      expect(new Set(ran).size).toBe(ran.length);
    }
    await eventually(async () => (await unsentFires(store)).length === 0);
    const all = (await Promise.all(names.map(name => firesOf(store, name)))).flat();
    const ran = all.flatMap(({ run }) => run ?? []);
    expect((await runsIn(queues, names)).sort()).toEqual(expect.arrayContaining(ran.sort()));
  });

  test('that a server recorded and did not send is sent by the next one, once', async () => {
    const store = useStore();
    const queues = useQueues(store);
    await applied(store, 'a', [{ job: 'nightly' }]);
    const { fire } = await recordByHand(store, APP, await findSchedule(store, 'nightly'), { by: 'ann' });
    expect(await runsIn(queues, ['nightly'])).toEqual([]);
    await startScheduler(store);
    await eventually(async () => (await unsentFires(store)).length === 0);
    expect(await runsIn(queues, ['nightly'])).toEqual([fire.run]);
  });

  test('that a server recorded without hearing so is sent by itself, in the same term', async () => {
    const store = useStore();
    const queues = useQueues(store);
    const { cron, hours } = await hoursAgo(store, 2);
    await applied(store, 'a', [{ job: 'nightly', cron }]);
    await setState(store, 'nightly', { last: hours[0]! });
    const link = await losingAnAnswer(store.url, sent => sent.includes('"fate":"late"'));
    const lease = createLease(store, { owner: 'srv-1', ttlMs: 60_000 });
    onEnd(() => lease.stop());
    await lease.start();
    const { term } = lease;
    await startScheduler({ ...store, options: { ...store.options, url: link.url } }, { lease });
    await eventually(async () => (await runsIn(queues, ['nightly'])).length === 1);
    expect(link.lost()).toBe(true);
    expect(lease.term).toBe(term);
    const [fire, ...others] = await firesOf(store, 'nightly');
    expect(others).toEqual([]);
    expect(await runsIn(queues, ['nightly'])).toEqual([fire!.run]);
    await eventually(async () => (await unsentFires(store)).length === 0);
  });

  test('whose queue takes nothing is sent when it does again, and keeps no other waiting', async () => {
    const store = useStore();
    const queues = useQueues(store);
    const { cron, hours } = await hoursAgo(store, 2);
    await applied(store, 'a', [
      { job: 'good', cron },
      { job: 'bad', cron },
    ]);
    for (const name of ['good', 'bad']) await setState(store, name, { last: hours[0]! });
    const counter = store.keys.job('bad', 'id');
    await store.redis.rpush(counter, 'no number');
    const server = await startScheduler(store);
    await eventually(async () => (await runsIn(queues, ['good'])).length === 1);
    await eventually(() => server.events.some(({ type }) => type === 'trouble'));
    expect(fates(await firesOf(store, 'bad'))).toEqual(['late']);
    expect(await unsentFires(store)).toHaveLength(1);
    await store.redis.del(counter);
    await eventually(async () => (await unsentFires(store)).length === 0);
    expect(await runsIn(queues, ['bad'])).toEqual([(await firesOf(store, 'bad'))[0]!.run]);
  });

  test('fires nothing again when the clock goes back, and goes on where it was', async () => {
    const store = useStore();
    let shift = 0;
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often', overlap: 'replace' }]);
    await startScheduler(store, { time: async () => (await redisNow(store.redis)) + shift * second });
    const more = async () => {
      const { length } = await firesOf(store, 'often');
      await eventually(async () => (await firesOf(store, 'often')).length > length + 1);
    };
    await more();
    shift = 60;
    await eventually(async () => (await firesOf(store, 'often')).length > 60);
    shift = 55;
    const before = await firesOf(store, 'often');
    await more();
    const after = await firesOf(store, 'often');
    const times = instants(after);
    expect(times).toEqual([...new Set(times)]);
    expect(instants(before).every(at => times.includes(at))).toBe(true);
    expect(times.slice(1).every((at, i) => at - times[i]! === second)).toBe(true);
  });
});

describeWithRedisBinary('when Redis is killed and comes back', () => {
  test('no fire is lost or comes twice', async () => {
    const redis = await privateRedis();
    const store = useStore(redis.url);
    const queues = useQueues(store);
    doRuns(store, 'often');
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often', overlap: 'queue' }]);
    const server = await startScheduler(store);
    const more = async () => {
      const { length } = await firesOf(store, 'often');
      await eventually(async () => (await firesOf(store, 'often')).length > length + 1);
    };
    await more();
    await redis.restart();
    await more();
    await redis.restart();
    await more();
    await server.stop();
    const fires = await firesOf(store, 'often');
    const times = instants(fires);
    expect(times.slice(1).map((at, i) => at - times[i]!)).toEqual(Array(times.length - 1).fill(second));
    // Whoever comes next sends what was recorded in the last moment, and starts what still waits.
    await startScheduler(store, { time: async () => times.at(-1)! });
    await eventually(async () => fates(await firesOf(store, 'often')).every(fate => fate !== 'held'));
    await eventually(async () => (await unsentFires(store)).length === 0);
    const runs = (await firesOf(store, 'often')).flatMap(({ run }) => run ?? []);
    expect(runs.length).toBeGreaterThan(3);
    expect(new Set(runs).size).toBe(runs.length);
    expect((await runsIn(queues, ['often'])).sort()).toEqual(runs.sort());
  });
});
