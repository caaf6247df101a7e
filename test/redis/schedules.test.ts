import { describe, expect, test } from 'vitest';
import { readEvents } from '../../src/store/events.js';
import { recordByHand } from '../../src/store/schedules/record-fires.js';
import { findSchedule, listSchedules } from '../../src/store/schedules/schedules.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { eventually } from '../support/eventually.js';
import { sampleRelease } from '../support/sample-releases.js';
import {
  APP,
  applied,
  applies,
  fates,
  firesOf,
  hoursAgo,
  instants,
  schedule,
  setState,
  startScheduler,
} from '../support/schedules.js';
import { useStore } from '../support/store.js';

describe('the schedules of an app', () => {
  test('follow its release, there and back, and tell what changed', async () => {
    const store = useStore();
    const server = await startScheduler(store);
    const first = await schedule(store, 'a', [{ job: 'stays' }, { job: 'goes' }, { job: 'moves' }]);
    await applies(store, first);
    expect(await listSchedules(store, APP)).toMatchObject([
      { job: 'goes', app: APP, release: first, queue: 'goes', cron: '0 2 * * *', paused: null },
      { job: 'moves' },
      { job: 'stays' },
    ]);
    const second = await schedule(store, 'b', [
      { job: 'stays' },
      { job: 'comes' },
      { job: 'moves', cron: '0 3 * * *' },
    ]);
    await applies(store, second);
    expect((await listSchedules(store)).map(({ job }) => job)).toEqual(['comes', 'moves', 'stays']);
    await schedule(store, 'a', [{ job: 'stays' }, { job: 'goes' }, { job: 'moves' }]);
    await applies(store, first);
    expect((await listSchedules(store)).map(({ job, cron }) => `${job} ${cron}`)).toEqual([
      'goes 0 2 * * *',
      'moves 0 2 * * *',
      'stays 0 2 * * *',
    ]);
    const told = server.events.flatMap(event => (event.type === 'applied' ? [event.diff] : []));
    expect(told).toMatchObject([
      { added: ['goes', 'moves', 'stays'], removed: [], changed: [] },
      {
        added: ['comes'],
        removed: ['goes'],
        changed: [{ schedule: 'moves', fields: [{ field: 'cron', from: '0 2 * * *', to: '0 3 * * *' }] }],
      },
      { added: ['goes'], removed: ['comes'], changed: [{ schedule: 'moves' }] },
    ]);
    const types = (await readEvents(store, { app: APP })).map(({ type }) => type);
    expect(types.filter(type => type === 'schedules.applied')).toHaveLength(3);
  });

  test('that are new have no past, those that fire at other times only that of their former ones; what else changes leaves theirs alone', async () => {
    const store = useStore();
    const { cron, hours } = await hoursAgo(store, 3);
    await applied(store, 'a', [
      { job: 'retimed', cron },
      { job: 'reruled', cron },
    ]);
    for (const name of ['retimed', 'reruled']) await setState(store, name, { last: hours[0]! });
    const release = await schedule(store, 'b', [
      { job: 'retimed', cron: `*/30 ${cron}` },
      { job: 'reruled', cron, missed: 'skip' },
      { job: 'fresh', cron },
    ]);
    await startScheduler(store);
    await applies(store, release);
    await eventually(async () => (await firesOf(store, 'reruled')).length === 2);
    expect(fates(await firesOf(store, 'reruled'))).toEqual(['skipped', 'skipped']);
    await eventually(async () => (await firesOf(store, 'retimed')).length === 2);
    expect(instants(await firesOf(store, 'retimed'))).toEqual(hours.slice(1));
    expect(await firesOf(store, 'fresh')).toEqual([]);
  });

  test('do not change while a window holds intake: one that goes back has changed nothing', async () => {
    const store = useStore();
    const server = await startScheduler(store);
    const first = await schedule(store, 'a', [{ job: 'nightly' }]);
    await applies(store, first);
    const { redis, keys } = store;
    const intent = await redis.get(keys.intent(APP));
    const release = await sampleRelease(store, 'b', {
      jobs: [{ name: 'other' }],
      schedules: [{ job: 'other' }],
    });
    await redis.set(keys.intent(APP), JSON.stringify({ ...JSON.parse(intent!), release, gate: 'closed' }));
    // Who leads has looked: it sends what a person asks for.
    const look = async () => {
      const { fire } = await recordByHand(store, APP, await findSchedule(store, 'nightly'), { by: 'ann' });
      await eventually(async () => (await unsentFires(store)).length === 0);
      return fire;
    };
    await look();
    await startScheduler(store);
    await server.stop();
    await look();
    expect((await listSchedules(store)).map(({ job }) => job)).toEqual(['nightly']);
    await redis.set(keys.intent(APP), intent!);
    await look();
    expect(server.events.filter(({ type }) => type === 'applied')).toHaveLength(1);
  });
});

test('a schedule that cannot be understood keeps no other from its fires, and goes on when it can', async () => {
  const store = useStore();
  const { cron, hours } = await hoursAgo(store, 2);
  const [good, bad] = [
    { job: 'good', cron },
    { job: 'bad', cron, timezone: 'Mars/Olympus' },
  ];
  await applied(store, 'a', [good, bad]);
  for (const name of ['good', 'bad'])
    await setState(store, name, { last: hours[1]!, held: [{ at: hours[1]!, held: true }] });
  const server = await startScheduler(store);
  await eventually(async () => fates(await firesOf(store, 'good'))[0] === 'late');
  const told = server.events.filter(event => event.type === 'trouble');
  expect(told.map(({ error }) => String(error)).join()).toMatch(/schedule bad of app billing is set aside/);
  await schedule(store, 'b', [good, { ...bad, timezone: 'UTC' }]);
  await eventually(async () => fates(await firesOf(store, 'bad'))[0] === 'late');
});
