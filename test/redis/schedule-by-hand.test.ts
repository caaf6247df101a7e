import { describe, expect, test } from 'vitest';
import { showRun } from '../../src/queue/runs.js';
import { fireByHand } from '../../src/schedule/fire-by-hand.js';
import { readEvents } from '../../src/store/events.js';
import { listSchedules, pauseSchedule, resumeSchedule } from '../../src/store/schedules/schedules.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { eventually } from '../support/eventually.js';
import { useQueues } from '../support/queues.js';
import {
  APP,
  applied,
  applies,
  EACH_SECOND,
  fates,
  firesOf,
  hoursAgo,
  runsIn,
  schedule,
  setState,
  startScheduler,
} from '../support/schedules.js';
import { useStore } from '../support/store.js';

describe('a person', () => {
  test('lets a schedule rest, through releases, and go on', async () => {
    const store = useStore();
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often', overlap: 'replace' }]);
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'often')).length > 0);
    const paused = await pauseSchedule(store, { name: 'often' }, { by: 'ann', reason: 'a look' });
    expect(paused.paused).toMatchObject({ by: 'ann', reason: 'a look' });
    expect((await pauseSchedule(store, { name: 'often' }, { by: 'bob' })).paused).toEqual(paused.paused);
    const skipped = async () =>
      fates(await firesOf(store, 'often')).filter(fate => fate === 'skipped').length;
    await eventually(async () => (await skipped()) > 1);
    expect((await firesOf(store, 'often')).at(-1)).toMatchObject({
      fate: 'skipped',
      reason: 'paused by ann: a look',
    });
    const next = await schedule(store, 'b', [
      { ...EACH_SECOND, job: 'often', overlap: 'replace', timezone: 'Europe/Berlin' },
    ]);
    await applies(store, next);
    const before = await skipped();
    await eventually(async () => (await skipped()) > before + 1);
    expect((await resumeSchedule(store, { name: 'often' }, { by: 'ann' })).paused).toBeNull();
    await eventually(async () => ['ran', 'late'].includes((await firesOf(store, 'often')).at(-1)!.fate));
    const types = (await readEvents(store, { app: APP })).map(({ type }) => type);
    expect(types.filter(type => /^schedule\.(paused|resumed)$/.test(type))).toEqual([
      'schedule.paused',
      'schedule.resumed',
    ]);
    await expect(pauseSchedule(store, { name: 'none' }, { by: 'ann' })).rejects.toThrow(/no schedule none/);
  });

  test('fires a schedule whose queue takes nothing now: it is recorded, and its run comes, once', async () => {
    const store = useStore();
    const queues = useQueues(store);
    await applied(store, 'a', [{ job: 'nightly' }]);
    const counter = store.keys.job('nightly', 'id');
    await store.redis.rpush(counter, 'no number');
    const retention = { completedMs: 1, failedMs: 1 };
    const fire = await fireByHand(store, queues, { name: 'nightly' }, { by: 'ann', retention });
    expect(await firesOf(store, 'nightly')).toEqual([fire]);
    const server = await startScheduler(store);
    await eventually(() => server.events.some(({ type }) => type === 'trouble'));
    await store.redis.del(counter);
    await eventually(async () => (await unsentFires(store)).length === 0);
    expect(await runsIn(queues, ['nightly'])).toEqual([fire.run]);
  });

  test('fires a schedule, and its next fire sees that run', async () => {
    const store = useStore();
    const queues = useQueues(store);
    await schedule(store, 'a', [{ job: 'nightly', payload: { day: 2 } }]);
    const server = await startScheduler(store);
    await eventually(async () => (await listSchedules(store, APP)).length === 1);
    const retention = { completedMs: 1, failedMs: 1 };
    const fire = await fireByHand(store, queues, { name: 'nightly' }, { by: 'ann', retention });
    expect(fire).toMatchObject({ schedule: 'nightly', fate: 'ran', reason: 'asked for by ann' });
    expect(await showRun(store, fire.run!)).toMatchObject({
      job: 'nightly',
      payload: { day: 2 },
      scheduledFor: fire.at,
    });
    expect(await firesOf(store, 'nightly')).toEqual([fire]);
    await server.stop();
    const { cron, hours } = await hoursAgo(store, 2);
    await applied(store, 'b', [{ job: 'nightly', cron }]);
    await setState(store, 'nightly', { last: hours[0]! });
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'nightly')).length > 1);
    expect((await firesOf(store, 'nightly'))[0]).toMatchObject({
      fate: 'skipped',
      reason: `run ${fire.run} has not ended (overlap: skip)`,
    });
  });
});
