import { describe, expect, test } from 'vitest';
import { observe } from '../../src/schedule/observe.js';
import { liftHold, placeHold } from '../../src/store/holds.js';
import { redisNow } from '../../src/store/redis.js';
import { firesOfWindow } from '../../src/store/schedules/fires.js';
import { eventually } from '../support/eventually.js';
import {
  APP,
  applied,
  EACH_SECOND,
  fates,
  firesOf,
  hoursAgo,
  schedule,
  setState,
  startScheduler,
  stateOf,
} from '../support/schedules.js';
import { useStore } from '../support/store.js';

const hour = 3_600_000;

describe('a hold', () => {
  test('of a window keeps fires, which the window names; afterwards they follow their rule', async () => {
    const store = useStore();
    await schedule(store, 'a', [
      { ...EACH_SECOND, job: 'latest', overlap: 'queue' },
      { ...EACH_SECOND, job: 'skip', missed: 'skip' },
    ]);
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'latest')).length > 0);
    const until = new Date((await redisNow(store.redis)) + hour).toISOString();
    const hold = {
      id: 'hold-1',
      owner: 'window:win-1',
      reason: 'deploy',
      placedAt: until,
      until,
      queues: ['latest', 'skip'],
    };
    await store.redis.hset(store.keys.holds, hold.id, JSON.stringify(hold));
    const held = () => firesOfWindow(store, 'win-1', APP);
    await eventually(async () => (await held()).length >= 6);
    const meanwhile = await held();
    expect(fates(meanwhile).every(fate => fate === 'held')).toBe(true);
    expect(new Set(meanwhile.map(({ schedule }) => schedule))).toEqual(new Set(['latest', 'skip']));
    expect(meanwhile[0]).toMatchObject({
      run: null,
      window: 'win-1',
      reason: 'window win-1 holds its queue',
    });

    await store.redis.hdel(store.keys.holds, hold.id);
    await eventually(async () => !fates((await held()).slice(0, 6)).includes('held'));
    const after = await held();
    expect(new Set(fates(after.filter(({ schedule }) => schedule === 'skip')))).toEqual(new Set(['skipped']));
    expect(fates(after.filter(({ schedule }) => schedule === 'latest'))[0]).toBe('coalesced');
    for (const fire of after)
      expect((await firesOf(store, fire.schedule)).find(({ at }) => at === fire.at)).toEqual(fire);
  });

  test('of a person keeps them as well', async () => {
    const store = useStore();
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often' }]);
    const until = new Date((await redisNow(store.redis)) + hour).toISOString();
    const hold = await placeHold(store, { owner: 'ann', reason: 'a look', until, queues: ['often'] });
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'often')).length > 1);
    expect((await firesOf(store, 'often'))[0]).toMatchObject({
      fate: 'held',
      reason: expect.stringContaining('ann holds its queue until'),
    });
    await liftHold(store, hold.id);
    await eventually(async () => (await stateOf(store, 'often')).held.length === 0);
    expect(fates(await firesOf(store, 'often'))).not.toContain('held');
  });

  test('keeps fires whose schedule is gone when they might run: they are skipped, and the release is named', async () => {
    const store = useStore();
    const { hours } = await hoursAgo(store, 2);
    await applied(store, 'a', [{ job: 'gone' }, { job: 'stays' }]);
    await setState(store, 'gone', {
      held: [{ at: hours[0]!, held: true, window: 'win-1' }],
      waiting: [{ at: hours[1]!, missed: true }],
    });
    const release = await schedule(store, 'b', [{ job: 'stays' }]);
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'gone')).length === 2);
    expect(await firesOf(store, 'gone')).toMatchObject(
      hours.map(at => ({
        at: new Date(at).toISOString(),
        fate: 'skipped',
        reason: `release ${release} has no such schedule`,
      })),
    );
  });
});

test('a look at a window that ends meanwhile never sees a closed gate without what it holds', async () => {
  const store = useStore();
  await applied(store, 'a', [{ job: 'nightly' }]);
  const { redis, keys } = store;
  const open = JSON.parse((await redis.get(keys.intent(APP)))!);
  await redis.set(keys.intent(APP), JSON.stringify({ ...open, window: 'win-1', gate: 'closed' }));
  const hold = {
    id: 'hold-1',
    owner: 'window:win-1',
    reason: 'deploy',
    placedAt: '',
    until: '',
    queues: ['nightly'],
  };
  await redis.hset(keys.holds, hold.id, JSON.stringify(hold));

  // It ends when the first of the two is read, and before the second is.
  let ended: Promise<unknown> | undefined;
  const end = async () => {
    await redis.multi().set(keys.intent(APP), JSON.stringify(open)).hdel(keys.holds, hold.id).exec();
  };
  const reads = async <Found>(key: string, read: () => Promise<Found>): Promise<Found> => {
    if (key !== keys.holds && key !== keys.intent(APP)) return read();
    if (ended) return ended.then(read);
    const found = read();
    ended = found.then(end);
    await ended;
    return found;
  };
  const looking = Object.create(redis) as typeof redis;
  looking.get = (key => reads(String(key), () => redis.get(key))) as typeof redis.get;
  looking.hvals = (key => reads(String(key), () => redis.hvals(key))) as typeof redis.hvals;
  const seen = await observe({ ...store, redis: looking });
  expect(seen.intents).toMatchObject([{ app: APP, gate: 'open' }]);
  expect([...seen.holds.keys()]).toEqual(['nightly']);
});
