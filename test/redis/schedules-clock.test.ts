import { expect, test } from 'vitest';
import { redisNow } from '../../src/store/redis.js';
import { eventually } from '../support/eventually.js';
import { useQueues } from '../support/queues.js';
import { applied, firesOf, runsIn, startScheduler, stateOf } from '../support/schedules.js';
import { useStore } from '../support/store.js';

const day = 86_400_000;

/** Hour by hour, at half past: the test begins at a full hour, and none falls due by itself. */
const HOURLY = { job: 'hourly', cron: '30 * * * *', jitterMs: 0, missed: 'latest' } as const;

test('schedules go on where the clock of Redis was far ahead, and what ran then does not run again', async () => {
  const store = useStore();
  const queues = useQueues(store);
  await applied(store, 'a', [HOURLY]);
  const now = Math.ceil((await redisNow(store.redis)) / 3_600_000) * 3_600_000;
  const at = (hours: number) => now + hours * 3_600_000;
  const ahead = await startScheduler(store, { time: async () => at(72) });
  await eventually(async () => (await stateOf(store, 'hourly')).last === at(71.5));
  await eventually(async () => (await runsIn(queues, ['hourly'])).length === 1);
  const [early] = await runsIn(queues, ['hourly']);
  await ahead.stop();
  // Long ago by then, so that its queue knows nothing of it any more.
  await queues.get('hourly').obliterate({ force: true });

  const hours = [0, 0.5, 1.5];
  let time = at(0);
  const right = await startScheduler(store, { time: async () => time });
  for (const hour of hours.slice(1)) {
    await eventually(async () => (await stateOf(store, 'hourly')).last < time + day);
    time = at(hour);
    await eventually(async () => (await stateOf(store, 'hourly')).last === at(hour));
  }
  expect(right.events.filter(({ type }) => type === 'trouble')).toHaveLength(1);
  const fires = await firesOf(store, 'hourly');
  const fateOf = (instant: number) => fires.find(fire => Date.parse(fire.at) === instant);
  expect(fateOf(at(0.5))).toMatchObject({ fate: 'ran' });
  await eventually(async () => (await runsIn(queues, ['hourly'])).length > 0);

  // The one that ran three days early.
  await queues.get('hourly').obliterate({ force: true });
  time = at(71.5);
  await eventually(async () => (await stateOf(store, 'hourly')).last === at(71.5));
  expect((await firesOf(store, 'hourly')).at(-1)).toMatchObject({ fate: 'ran', run: early });
  await right.stop();
  expect(await runsIn(queues, ['hourly'])).toEqual([]);
});
