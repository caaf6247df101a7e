import { describe, expect, test } from 'vitest';
import { showRun } from '../../src/queue/runs.js';
import { readEvents } from '../../src/store/events.js';
import { runRequests } from '../../src/store/run-requests.js';
import { recordByHand } from '../../src/store/schedules/record-fires.js';
import { findSchedule } from '../../src/store/schedules/schedules.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { useQueues } from '../support/queues.js';
import {
  APP,
  applied,
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

describe('the run before', () => {
  test('is waited for, or cancelled, as the schedule says', async () => {
    const store = useStore();
    const queues = useQueues(store);
    await schedule(store, 'a', [
      { ...EACH_SECOND, job: 'queue', overlap: 'queue' },
      { ...EACH_SECOND, job: 'replace', overlap: 'replace' },
    ]);
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'queue')).length > 3);
    expect(fates(await firesOf(store, 'queue')).slice(0, 4)).toEqual(['ran', 'held', 'held', 'held']);
    expect(await runsIn(queues, ['queue'])).toHaveLength(1);
    await queues.get('queue').drain();
    await eventually(async () => (await firesOf(store, 'queue'))[1]!.fate === 'late');

    await eventually(async () => (await runsIn(queues, ['replace'])).length > 2);
    const ran = (await firesOf(store, 'replace')).flatMap(({ run }) => run ?? []);
    for (const run of ran.slice(0, 2))
      expect(await showRun(store, run)).toMatchObject({
        state: 'cancelled',
        cancelled: {
          by: 'schedule replace',
          reason: expect.stringMatching(/^replaced by the fire of 20\S+Z \(overlap: replace\)$/),
        },
      });
  });
});

test('a run that is to be replaced is asked to end, and that is told once', async () => {
  const store = useStore();
  const { cron, hours } = await hoursAgo(store, 2);
  await applied(store, 'a', [{ job: 'nightly', cron, overlap: 'replace' }]);
  const first = await startScheduler(store);
  const { fire } = await recordByHand(store, APP, await findSchedule(store, 'nightly'), { by: 'ann' });
  await eventually(async () => (await unsentFires(store)).length === 0);
  await first.stop();
  // It computes, and does not hear.
  const run = store.keys.run('nightly', fire.run!);
  await store.redis.hset(run, 'startedAt', Date.now());
  await setState(store, 'nightly', { last: hours[0]! });
  let asked = 0;
  const listener = store.redis.duplicate();
  onEnd(() => listener.disconnect());
  await listener.subscribe(runRequests(store));
  listener.on('message', (_, text) => text.includes('"cancel"') && asked++);
  await startScheduler(store);
  await eventually(() => asked > 2);
  expect(await store.redis.hget(run, 'cancel')).toBe('1');
  const events = (await readEvents(store, { app: APP })).filter(({ type }) => type === 'run.state');
  expect(events).toHaveLength(1);
});
