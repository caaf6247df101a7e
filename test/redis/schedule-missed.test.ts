import { describe, expect, test } from 'vitest';
import { redisNow } from '../../src/store/redis.js';
import { listSchedules } from '../../src/store/schedules/schedules.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { eventually } from '../support/eventually.js';
import { useQueues } from '../support/queues.js';
import {
  applied,
  EACH_SECOND,
  fates,
  firesOf,
  hoursAgo,
  instants,
  runsIn,
  setState,
  startScheduler,
} from '../support/schedules.js';
import { useStore } from '../support/store.js';

const minute = 60_000;
const hour = 3_600_000;

describe('fires that nobody was there for', () => {
  test('have the fates that their schedules say, in ledger and queue', async () => {
    const store = useStore();
    const queues = useQueues(store);
    const { cron, hours } = await hoursAgo(store, 5);
    const names = ['latest', 'all', 'skip'] as const;
    await applied(
      store,
      'a',
      names.map(missed => ({ job: missed, cron, missed, jitterMs: 0 })),
    );
    for (const name of names) await setState(store, name, { last: hours[0]! });
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'all')).length === 4);
    await eventually(async () => (await unsentFires(store)).length === 0);
    const told = Object.fromEntries(
      await Promise.all(names.map(async name => [name, fates(await firesOf(store, name))] as const)),
    );
    expect(told).toEqual({
      latest: ['coalesced', 'coalesced', 'coalesced', 'late'],
      all: ['late', 'held', 'held', 'held'],
      skip: ['skipped', 'skipped', 'skipped', 'skipped'],
    });
    for (const name of names) expect(instants(await firesOf(store, name))).toEqual(hours.slice(1));
    const late = [(await firesOf(store, 'all'))[0]!.run, (await firesOf(store, 'latest'))[3]!.run];
    expect((await runsIn(queues, ['latest', 'all', 'skip'])).sort()).toEqual(late.sort());

    // One after another, as their runs end.
    for (let ended = 1; ended <= 4; ended++) {
      await queues.get('all').drain();
      if (ended < 4)
        await eventually(
          async () => fates(await firesOf(store, 'all')).filter(fate => fate === 'late').length > ended,
        );
      await eventually(async () => (await unsentFires(store)).length === 0);
    }
    expect(fates(await firesOf(store, 'all'))).toEqual(['late', 'late', 'late', 'late']);
  });

  test('are let go at a rate, while one on time goes at once', async () => {
    const store = useStore();
    const { cron, hours } = await hoursAgo(store, 2);
    const names = Array.from({ length: 8 }, (_, i) => `job-${i}`);
    await applied(store, 'a', [
      ...names.map(job => ({ job, cron })),
      { ...EACH_SECOND, job: 'often', overlap: 'replace' as const },
    ]);
    for (const name of names) await setState(store, name, { last: hours[0]! });
    await startScheduler(store, { backlogPerSecond: 2 });
    const all = async () => (await Promise.all(names.map(name => firesOf(store, name)))).flat();
    await eventually(async () => fates(await all()).includes('held'));
    const [waits] = (await all()).filter(({ fate }) => fate === 'held');
    expect(waits!.reason).toMatch(/backlogPerSecond/);
    await eventually(async () => (await all()).every(({ fate }) => fate === 'late'));
    expect(
      (await firesOf(store, 'often')).filter(({ fate }) => fate === 'ran' || fate === 'late').length,
    ).toBeGreaterThan(1);
  });
});

test('a great backlog of many schedules keeps none on time waiting', async () => {
  const store = useStore();
  const names = Array.from({ length: 100 }, (_, i) => `job-${i}`);
  await applied(store, 'a', [
    ...names.map(job => ({ job, cron: '* * * * *', overlap: 'queue' as const })),
    { ...EACH_SECOND, job: 'often', overlap: 'replace' as const },
  ]);
  const now = await redisNow(store.redis);
  for (const name of names) await setState(store, name, { last: now - 20 * hour });
  await setState(store, 'often', { last: now });
  await startScheduler(store);
  const behind = async () =>
    (await listSchedules(store)).filter(({ state }) => state.last < now - 2 * minute);
  await eventually(async () => (await behind()).length === 0, { timeout: 120_000, every: 500 });
  const often = await firesOf(store, 'often');
  expect(often.length).toBeGreaterThan(2);
  expect(often.filter(({ fate, reason }) => fate === 'coalesced' || reason.startsWith('nobody'))).toEqual([]);
  // 1,200 were due: the newest are told one by one, those before them in one entry.
  const fires = await firesOf(store, names[0]!);
  expect(fires.length).toBeGreaterThan(750);
  expect(fires[0]!.reason).toMatch(/more were missed than are told one by one/);
  // Of a minute that has just begun the latest is on time.
  const others = fates(fires.slice(1)).filter(fate => !['coalesced', 'late', 'held', 'ran'].includes(fate));
  expect(others).toEqual([]);
});
