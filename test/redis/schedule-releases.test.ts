import { describe, expect, test } from 'vitest';
import type { Fire } from '../../src/model/schedule.js';
import type { Window } from '../../src/model/window.js';
import { redisNow } from '../../src/store/redis.js';
import { recordByHand } from '../../src/store/schedules/record-fires.js';
import { findSchedule } from '../../src/store/schedules/schedules.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { eventually } from '../support/eventually.js';
import { useQueues } from '../support/queues.js';
import {
  APP,
  applied,
  applies,
  firesOf,
  hoursAgo,
  runsIn,
  schedule,
  setState,
  startScheduler,
  stateOf,
} from '../support/schedules.js';
import { type TestStore, useStore } from '../support/store.js';
import { sampleWindow } from '../support/window-samples.js';

const minute = 60_000;
const hour = 60 * minute;

const told = (fires: Fire[]): string[] => fires.map(({ at, fate }) => `${at} ${fate}`);
const iso = (at: number): string => new Date(at).toISOString();

/** The app is in the hands of this window. */
async function speaks(store: TestStore, window: string | null): Promise<void> {
  const { redis, keys } = store;
  const intent = JSON.parse((await redis.get(keys.intent(APP)))!);
  await redis.set(keys.intent(APP), JSON.stringify({ ...intent, window }));
  await redis.publish(keys.wake, '');
}

/** A pattern that fired two minutes ago, once a day. */
async function lately(store: TestStore) {
  const at = Math.floor((await redisNow(store.redis)) / minute) * minute - 2 * minute;
  return { at, cron: `${new Date(at).getUTCMinutes()} ${new Date(at).getUTCHours()} * * *` };
}

describe('a release that retimes a schedule', () => {
  test('leaves it the fire whose instant has come and whose jitter is not over', async () => {
    const store = useStore();
    const queues = useQueues(store);
    const { at, cron } = await lately(store);
    const nightly = { job: 'nightly', cron, jitterMs: 12 * hour, missed: 'skip' as const };
    await applied(store, 'a', [nightly]);
    await setState(store, 'nightly', { last: at - hour });
    const release = await schedule(store, 'b', [{ ...nightly, except: ['12-25'] }]);
    await startScheduler(store);
    await applies(store, release);
    const fire = await eventually(async () => {
      const [first] = await firesOf(store, 'nightly');
      return first?.fate === 'late' && first;
    });
    expect(fire).toMatchObject({
      at: iso(at),
      reason: expect.stringContaining(`its schedule changed with release ${release}`),
    });
    await eventually(async () => (await runsIn(queues, ['nightly']))[0] === fire.run);
    expect((await stateOf(store, 'nightly')).last).toBeGreaterThan(at);
  });

  test('leaves it those that nobody was there for, by the rules of the new one', async () => {
    const store = useStore();
    const { cron, hours } = await hoursAgo(store, 4);
    await applied(store, 'a', [{ job: 'nightly', cron, missed: 'all', jitterMs: 0 }]);
    await setState(store, 'nightly', { last: hours[0]! });
    await schedule(store, 'b', [{ job: 'nightly', cron: `0 ${cron}`, missed: 'latest', jitterMs: 0 }]);
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'nightly')).at(-1)?.fate === 'late');
    expect(told(await firesOf(store, 'nightly'))).toEqual([
      `${iso(hours[1]!)} coalesced`,
      `${iso(hours[2]!)} coalesced`,
      `${iso(hours[3]!)} late`,
    ]);
  });

  test('skips days left out, and tells more than a thousand in one entry', async () => {
    const store = useStore();
    const now = await redisNow(store.redis);
    const often = { job: 'often', cron: '* * * * *', jitterMs: 0 };
    const out = {
      job: 'out',
      cron: '* * * * *',
      jitterMs: 0,
      except: [iso(now), iso(now - 24 * hour)].map(day => day.slice(0, 10)),
    };
    await applied(store, 'a', [often, out]);
    await setState(store, 'often', { last: now - 20 * hour });
    await setState(store, 'out', { last: now - hour });
    await schedule(store, 'b', [
      { ...often, jitterMs: 1 },
      { ...out, jitterMs: 1 },
    ]);
    await startScheduler(store);
    const fires = await eventually(async () => {
      const all = await firesOf(store, 'often');
      return all.length > 750 && all.every(({ fate }) => fate !== 'held') && all;
    });
    expect(fires[0]!.reason).toMatch(/more were missed than are told one by one/);
    expect(fires.filter(({ fate }) => fate === 'late' || fate === 'ran').length).toBe(1);
    const skipped = await firesOf(store, 'out');
    expect(skipped.length).toBeGreaterThan(57);
    expect(skipped.every(({ reason }) => reason.endsWith('is left out (except)'))).toBe(true);
  });
});

describe('a release that removes a schedule', () => {
  test('has its fires skipped that had no fate yet, and is named', async () => {
    const store = useStore();
    const { cron, hours } = await hoursAgo(store, 3);
    const { at, cron: jittered } = await lately(store);
    await applied(store, 'a', [
      { job: 'gone', cron, jitterMs: 0 },
      { job: 'early', cron: jittered, jitterMs: 12 * hour },
    ]);
    await setState(store, 'gone', { last: hours[0]! });
    await setState(store, 'early', { last: at - hour });
    const release = await schedule(store, 'b', [{ job: 'stays' }]);
    await startScheduler(store);
    const skipped = async (name: string) =>
      (await firesOf(store, name)).map(({ at, fate, reason }) => [at, fate, reason]);
    const why = ['skipped', `release ${release} has no such schedule`];
    await eventually(async () => expect(await skipped('early')).toEqual([[iso(at), ...why]]));
    await eventually(async () =>
      expect(await skipped('gone')).toEqual(hours.slice(1).map(at => [iso(at), ...why])),
    );
  });

  describe('and comes back with the former one', () => {
    /** A night whose second hour a window holds; it brings a release without that schedule, and is still there. */
    async function removed() {
      const store = useStore();
      const { cron, hours } = await hoursAgo(store, 4);
      const nightly = { job: 'nightly', cron, missed: 'all' as const, jitterMs: 0 };
      const former = await applied(store, 'a', [nightly]);
      const held = [{ at: hours[1]!, held: true as const, window: 'win-1' }];
      await setState(store, 'nightly', { last: hours[1]!, held });
      const release = await schedule(store, 'b', [{ job: 'other' }]);
      const window = sampleWindow({ id: 'win-1', app: APP, release, previousRelease: former });
      const endAs = (outcome: Window['outcome']) =>
        store.redis.hset(store.keys.window('win-1'), 'json', JSON.stringify({ ...window, outcome }));
      await endAs(null);
      await speaks(store, 'win-1');
      // By its time the fourth hour has not come.
      const server = await startScheduler(store, { time: async () => hours[2]! + minute });
      await applies(store, release);
      await recordByHand(store, APP, await findSchedule(store, 'other'), { by: 'ann' });
      await eventually(async () => (await unsentFires(store)).length === 0);
      await server.stop();
      expect(told(await firesOf(store, 'nightly'))).toEqual([`${iso(hours[2]!)} held`]);
      return { store, hours, nightly, endAs };
    }

    test('in the same window: what was held is made up for, and what fell due meanwhile', async () => {
      const { store, hours, nightly } = await removed();
      await schedule(store, 'a', [nightly]);
      await speaks(store, 'win-1');
      await startScheduler(store);
      await eventually(async () => (await firesOf(store, 'nightly')).length === 3);
      const fires = await firesOf(store, 'nightly');
      expect(told(fires)).toEqual([
        `${iso(hours[1]!)} late`,
        `${iso(hours[2]!)} held`,
        `${iso(hours[3]!)} held`,
      ]);
      expect(fires[0]).toMatchObject({
        window: 'win-1',
        reason: expect.stringMatching(/held by window win-1/),
      });
    });

    test('in a later one: it has no past', async () => {
      const { store, hours, nightly, endAs } = await removed();
      await endAs('completed');
      const id = await schedule(store, 'a', [nightly]);
      await startScheduler(store);
      await applies(store, id);
      await eventually(async () => (await firesOf(store, 'nightly'))[0]?.fate === 'late');
      // What was held is not forgotten; the fourth hour was nobody's.
      await eventually(async () => (await stateOf(store, 'nightly')).waiting.length === 1);
      expect(told(await firesOf(store, 'nightly'))).toEqual([
        `${iso(hours[1]!)} late`,
        `${iso(hours[2]!)} held`,
      ]);
    });
  });
});
