import { Worker } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { applyPauseFlags } from '../../src/queue/intake.js';
import type { Queues } from '../../src/queue/queues.js';
import { readEvents } from '../../src/store/events.js';
import { holdsOn, liftHold, listHolds, placeHold, sweep } from '../../src/store/holds.js';
import { readIntent } from '../../src/store/intents.js';
import type { Store } from '../../src/store/redis.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { useQueues } from '../support/queues.js';
import { type TestStore, useStore } from '../support/store.js';
import { sampleIntent } from '../support/window-samples.js';

const HOUR = 3_600_000;
const later = (ms: number) => new Date(Date.now() + ms).toISOString();

function setUp(): { store: TestStore; queues: Queues; swept: () => Promise<boolean> } {
  const store = useStore();
  const queues = useQueues(store);
  return { store, queues, swept: () => sweep(store, () => applyPauseFlags(store, queues)) };
}

const hold = (store: Store, queue: string, ms = HOUR) =>
  placeHold(store, { owner: 'ann', reason: 'audit', until: later(ms), queues: [queue] });

describe('holds', () => {
  it('pause their queues, and the last one lifted resumes them', async () => {
    const { store, queues, swept } = setUp();
    const [first, second] = [await hold(store, 'q'), await hold(store, 'q')];
    await swept();
    expect(await queues.get('q').isPaused()).toBe(true);
    await liftHold(store, first.id);
    await swept();
    expect(await queues.get('q').isPaused()).toBe(true);
    await liftHold(store, second.id);
    await swept();
    expect(await queues.get('q').isPaused()).toBe(false);
    expect(await listHolds(store)).toEqual([]);
  });

  it('are set again when somebody resumes the queue under them', async () => {
    const { store, queues, swept } = setUp();
    await hold(store, 'q');
    await swept();
    await queues.get('q').resume();
    await swept();
    expect(await queues.get('q').isPaused()).toBe(true);
  });

  it('leave a queue paused that somebody paused outside Slackwater', async () => {
    const { store, queues, swept } = setUp();
    await queues.get('q').pause();
    const { id } = await hold(store, 'q');
    await swept();
    await liftHold(store, id);
    await swept();
    expect(await queues.get('q').isPaused()).toBe(true);
  });

  it('end at their time and not before, whoever sweeps', async () => {
    const { store, queues, swept } = setUp();
    const short = await hold(store, 'short', 1_500);
    const long = await hold(store, 'long');
    expect(await swept()).toBe(false);
    expect(await queues.get('short').isPaused()).toBe(true);
    await eventually(async () => ((await swept()) ? true : !(await holdsOn(store, 'short')).length));
    expect(await queues.get('short').isPaused()).toBe(false);
    expect(await listHolds(store)).toEqual([long]);
    const events = await readEvents(store);
    expect(events.filter(event => event.type === 'hold.lifted')).toMatchObject([
      { why: 'expired', hold: { id: short.id } },
    ]);
  });

  it('are lifted once however many sweep at the same time', async () => {
    const { store, queues, swept } = setUp();
    await Promise.all([1, 2, 3].map(() => hold(store, 'q', 500)));
    await swept();
    await eventually(async () => {
      await Promise.all([swept(), swept(), swept(), swept()]);
      return (await listHolds(store)).length === 0;
    });
    expect(await queues.get('q').isPaused()).toBe(false);
    expect(await store.redis.smembers(store.keys.pausedByUs)).toEqual([]);
    const events = await readEvents(store);
    expect(events.filter(event => event.type === 'hold.lifted')).toHaveLength(3);
  });

  it('survive a race of sweeps that saw the queue free and one that sees a new hold', async () => {
    const { store, queues, swept } = setUp();
    for (let round = 0; round < 25; round++) {
      const { id } = await hold(store, 'q');
      await swept();
      await liftHold(store, id);
      const [, next] = await Promise.all([swept(), hold(store, 'q'), swept(), swept()]);
      await swept();
      expect(await queues.get('q').isPaused()).toBe(true);
      await liftHold(store, next.id);
      await Promise.all([swept(), swept()]);
      await swept();
      expect(await queues.get('q').isPaused()).toBe(false);
    }
  });

  it('stop a plain worker from claiming, and let it go on afterwards', async () => {
    const { store, queues, swept } = setUp();
    const { id } = await hold(store, 'q');
    await swept();
    const done: string[] = [];
    const worker = new Worker('q', async job => void done.push(job.name), {
      connection: { ...(store.redis.options as object), maxRetriesPerRequest: null } as never,
      prefix: store.queuePrefix,
    });
    worker.on('error', () => {});
    onEnd(() => worker.close());
    await worker.waitUntilReady();
    await queues.get('q').add('work', {});
    expect(await queues.get('q').getWaitingCount()).toBe(1);
    await liftHold(store, id);
    await swept();
    await eventually(() => done.length === 1);
  });

  it('need an end in the future and a queue', async () => {
    const { store } = setUp();
    await expect(hold(store, 'q', -1_000)).rejects.toMatchObject({ code: 'bad-request' });
    const without = placeHold(store, { owner: 'a', reason: 'b', until: later(HOUR), queues: [] });
    await expect(without).rejects.toThrow(/at least one queue/);
  });

  it('of a window are lifted by nobody else', async () => {
    const { store } = setUp();
    const owned = await placeHold(store, {
      owner: 'window:win-1',
      reason: 'r',
      until: later(HOUR),
      queues: ['q'],
    });
    await expect(liftHold(store, owned.id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(liftHold(store, 'hold-none')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('a closed gate whose time is over', () => {
  const closed = (until: string) =>
    sampleIntent({ gate: 'closed', drain: true, force: true, until, window: 'win-1' });
  const put = async (store: Store, until: string) => {
    await store.redis.sadd(store.keys.apps, 'billing');
    await store.redis.set(store.keys.intent('billing'), JSON.stringify(closed(until)));
  };

  it('opens on the release that the intent names, with a higher revision', async () => {
    const { store, swept } = setUp();
    await put(store, later(-1));
    expect(await swept()).toBe(true);
    const intent = await readIntent(store, 'billing');
    expect(intent).toMatchObject({
      release: 'old',
      standby: null,
      gate: 'open',
      drain: false,
      force: false,
      proofRound: 0,
      until: null,
      window: 'win-1',
    });
    expect(intent!.revision).toBeGreaterThan(closed('').revision);
    expect(await swept()).toBe(false);
  });

  it('stays closed until then', async () => {
    const { store, swept } = setUp();
    await put(store, later(HOUR));
    expect(await swept()).toBe(false);
    expect(await readIntent(store, 'billing')).toMatchObject({ gate: 'closed' });
  });
});
