import { describe, expect, test } from 'vitest';
import type { WindowFire, WindowSchedule } from '../../src/model/window-schedule.js';
import { readEvents } from '../../src/store/events.js';
import { addFreeze } from '../../src/store/freezes.js';
import { createLease, type Lease } from '../../src/store/lease.js';
import {
  addWindowSchedule,
  getWindowSchedule,
  readWindowFires,
  removeWindowSchedule,
} from '../../src/store/window-schedules.js';
import { getWindow, listWindows } from '../../src/store/windows.js';
import { createCalendar } from '../../src/window/calendar.js';
import { declareWindow } from '../../src/window/declare.js';
import { createEngine } from '../../src/window/engine.js';
import { planWindow } from '../../src/window/plan.js';
import { redisControlPlane } from '../../src/window/redis-control-plane.js';
import { eventually } from '../support/eventually.js';
import { fakeHost } from '../support/fake-host.js';
import { onEnd } from '../support/lifetime.js';
import { useQueues } from '../support/queues.js';
import { makeCurrent, sampleRelease } from '../support/sample-releases.js';
import { type TestStore, useStore } from '../support/store.js';

const minute = 60_000;
const hour = 60 * minute;
const OLD = 'a'.repeat(12);
const NEW = 'b'.repeat(12);

async function holder(store: TestStore, owner = 'srv-1'): Promise<Lease> {
  const lease = createLease(store, { owner, ttlMs: 60_000 });
  onEnd(() => lease.stop());
  await lease.start();
  return lease;
}

/** Stores a release as if it were pushed now. */
async function push(store: TestStore, letter: string, app = 'billing'): Promise<string> {
  const id = await sampleRelease(store, letter, { app });
  await store.redis.zadd(store.keys.releases(app), Date.now() - 1_000 + letter.charCodeAt(0), id);
  await store.redis.sadd(store.keys.apps, app);
  return id;
}

type Fields = Omit<WindowSchedule, 'id' | 'createdAt' | 'paused'>;

/** A recurring window each hour whose latest fire was so many ms ago, and none before that has a fate. */
async function recurring(store: TestStore, ago: number, change: Partial<Fields> = {}) {
  const latest = Math.floor((Date.now() - ago) / 1_000) * 1_000;
  const { schedule } = await addWindowSchedule(store, {
    app: 'billing',
    cron: hourly(latest),
    timezone: 'UTC',
    reason: 'hourly',
    createdBy: 'ops',
    drainTimeoutMs: 5 * minute,
    onDrainTimeout: 'abort',
    maxDurationMs: 30 * minute,
    ...change,
  });
  await since(store, schedule.id, latest - 1);
  return schedule;
}

const since = (store: TestStore, id: string, last: number) =>
  store.redis.hset(store.keys.lastFires, id, last);

/** A pattern that fires at this time of each hour. */
function hourly(time: number): string {
  const at = new Date(time);
  return `${at.getUTCSeconds()} ${at.getUTCMinutes()} * * * *`;
}

async function setUp() {
  const store = useStore();
  await push(store, 'a');
  await makeCurrent(store, { app: 'billing', id: OLD });
  const lease = await holder(store);
  const fires: WindowFire[] = [];
  const tick = (by: Pick<Lease, 'owner' | 'term'> = lease) =>
    createCalendar(store, { onFire: fire => fires.push(fire) }).tick(by);
  return { store, lease, tick, fires };
}

describe('a recurring window', () => {
  test('opens a window of the newest release when its time has come, once', async () => {
    const { store, tick, fires } = await setUp();
    await push(store, 'b');
    const schedule = await recurring(store, 0, { strategy: 'rolling', rolling: { batch: 1, pauseMs: 5 } });
    const due = await tick();
    expect(fires).toMatchObject([{ schedule: schedule.id, fate: 'opened', reason: `takes release ${NEW}` }]);
    const window = await getWindow(store, fires[0]!.window!);
    expect(window).toMatchObject({
      app: 'billing',
      release: NEW,
      createdBy: `schedule:${schedule.id}`,
      reason: 'hourly',
      phase: 'scheduled',
      strategy: 'rolling',
      rolling: { batch: 1, pauseMs: 5 },
      maxDurationMs: 30 * minute,
      drainTimeoutMs: 5 * minute,
    });
    expect(due).toBeLessThanOrEqual(1_000);
    await tick();
    expect(fires).toHaveLength(1);
    expect(await readWindowFires(store, schedule.id)).toEqual(fires);
    expect((await listWindows(store)).items).toHaveLength(1);
    const told = (await readEvents(store, { app: 'billing' })).filter(({ type }) => type === 'window.fire');
    expect(told).toMatchObject([{ schedule: schedule.id, fate: 'opened' }]);
  });

  test('is skipped where no release is newer than the current one', async () => {
    const { store, tick, fires } = await setUp();
    const schedule = await recurring(store, 0);
    await tick();
    expect(fires).toMatchObject([
      { fate: 'skipped', reason: expect.stringMatching(/is current/), window: null },
    ]);
    expect(await readWindowFires(store, schedule.id)).toEqual(fires);
    expect((await listWindows(store)).items).toEqual([]);
  });

  test('is skipped where the newest release was rolled back, until a newer one comes', async () => {
    const { store, tick, fires } = await setUp();
    await push(store, 'b');
    await recurring(store, 0);
    await tick();
    const window = await getWindow(store, fires[0]!.window!);
    const ended = { ...window, phase: 'done', outcome: 'rolled-back' };
    await store.redis.hset(store.keys.window(window.id), 'json', JSON.stringify(ended));
    await store.redis.hdel(store.keys.openWindows, window.id);
    await since(store, fires[0]!.schedule, Date.now() - 10_000);
    await tick();
    expect(fires[1]).toMatchObject({
      fate: 'skipped',
      reason: expect.stringMatching(/was rolled back: push/),
    });
    const newer = await push(store, 'c');
    await since(store, fires[0]!.schedule, Date.now() - 10_000);
    await tick();
    expect(fires[2]).toMatchObject({ fate: 'opened', reason: expect.stringContaining(newer) });
  });

  test('is refused within a freeze, and where another window of its app takes its time', async () => {
    const { store, tick, fires } = await setUp();
    await push(store, 'b');
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const freeze = { app: null, from: at(-hour), to: at(minute), reason: 'year end', createdBy: 'ops' };
    const { id } = await addFreeze(store, freeze);
    const schedule = await recurring(store, 0);
    await tick();
    expect(fires).toMatchObject([{ fate: 'refused', reason: expect.stringContaining(id), window: null }]);
    await store.redis.del(store.keys.freezes);
    const other = await declareWindow(store, {
      release: NEW,
      reason: 'by hand',
      createdBy: 'ops',
      startsAt: at(10 * minute),
      drainTimeoutMs: minute,
      onDrainTimeout: 'abort',
      maxDurationMs: minute,
    });
    await since(store, schedule.id, Date.now() - 10_000);
    await tick();
    expect(fires[1]).toMatchObject({ fate: 'refused', reason: expect.stringContaining(other.id) });
    expect((await listWindows(store)).items).toHaveLength(1);
  });

  test('is no obstacle to that of another app', async () => {
    const { store, tick, fires } = await setUp();
    await push(store, 'b');
    await push(store, 'c', 'shop');
    await recurring(store, 0);
    await recurring(store, 0, { app: 'shop' });
    await recurring(store, 0);
    await tick();
    const opened = fires.filter(({ fate }) => fate === 'opened').map(({ app }) => app);
    expect(opened.sort()).toEqual(['billing', 'shop']);
    expect(fires.filter(({ fate }) => fate === 'refused')).toMatchObject([{ app: 'billing' }]);
  });

  test('that nobody saw in time is missed; of several the latest that has time left opens, with what is left', async () => {
    const { store, tick, fires } = await setUp();
    await push(store, 'b');
    const schedule = await recurring(store, 10 * minute);
    await since(store, schedule.id, Date.now() - 3 * hour);
    await tick();
    expect(fires.map(({ fate }) => fate)).toEqual(['missed', 'missed', 'opened']);
    expect(fires[0]).toMatchObject({ reason: 'no server was there within 30m00s' });
    expect(fires[2]!.reason).toMatch(/10m\d\ds late$/);
    const window = await getWindow(store, fires[2]!.window!);
    expect(window.maxDurationMs).toBeLessThanOrEqual(20 * minute);
    expect(Date.parse(window.startsAt) + window.maxDurationMs).toBeLessThanOrEqual(
      Date.parse(fires[2]!.at) + 30 * minute + 1_000,
    );
    expect((await readWindowFires(store, schedule.id)).map(({ fate }) => fate)).toEqual([
      'opened',
      'missed',
      'missed',
    ]);
  });

  test('is declared ahead where it is announced', async () => {
    const { store, tick, fires } = await setUp();
    await push(store, 'b');
    await recurring(store, -10 * minute, { announceMs: 15 * minute });
    await tick();
    expect(fires).toMatchObject([{ fate: 'opened' }]);
    const window = await getWindow(store, fires[0]!.window!);
    expect(window).toMatchObject({ startsAt: fires[0]!.at, announceMs: 15 * minute });
    expect(Date.parse(window.startsAt)).toBeGreaterThan(Date.now());
  });

  test('does nothing while it is paused, and nothing more when it is gone', async () => {
    const { store, tick, fires } = await setUp();
    const schedule = await recurring(store, 0);
    await store.redis.hset(
      store.keys.windowSchedules,
      schedule.id,
      JSON.stringify({ ...schedule, paused: true }),
    );
    await tick();
    await removeWindowSchedule(store, schedule.id);
    await tick();
    expect(fires).toEqual([]);
  });

  test('is fired by the holder of the lease alone, and once where two look at the same time', async () => {
    const { store, lease, tick, fires } = await setUp();
    await push(store, 'b');
    const schedule = await recurring(store, 0);
    await tick({ owner: lease.owner, term: lease.term - 1 });
    await tick({ owner: 'srv-2', term: lease.term });
    expect(fires).toEqual([]);
    await Promise.all([tick(), tick(), tick()]);
    expect(fires).toMatchObject([{ fate: 'opened' }]);
    expect((await listWindows(store)).items).toHaveLength(1);
    expect(await readWindowFires(store, schedule.id)).toHaveLength(1);
    expect((await getWindowSchedule(store, schedule.id)).lastFire).toBe(Date.parse(fires[0]!.at));
  });
});

describe('a plan', () => {
  test('names the freeze in which the window would start, and the recurring window whose time it would take', async () => {
    const { store } = await setUp();
    await push(store, 'b');
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const warnings = async (startsAt: string) => {
      const times = { drainTimeoutMs: minute, maxDurationMs: 20 * minute, onDrainTimeout: 'abort' as const };
      return (await planWindow(store, { release: NEW, reason: 'x', createdBy: 'ops', startsAt, ...times }))
        .warnings;
    };
    const freeze = await addFreeze(store, {
      app: null,
      from: at(0),
      to: at(hour),
      reason: 'audit',
      createdBy: 'ops',
    });
    // Comes at ten to each hour from now on, for half an hour.
    const schedule = await recurring(store, 10 * minute);
    const other = await recurring(store, 0, { app: 'shop' });
    const inFreeze = await warnings(at(25 * minute));
    expect(inFreeze.join()).toContain(freeze.id);
    expect(inFreeze.join()).not.toContain(schedule.id);
    for (const start of [75, 105]) {
      const clash = await warnings(at((start + 20) * minute));
      expect(clash.join()).toMatch(new RegExp(`recurring window ${schedule.id} \\(hourly\\) comes at`));
      expect(clash.join()).not.toContain(other.id);
      expect(clash.join()).not.toContain(freeze.id);
    }
    expect((await warnings(at(85 * minute))).join()).not.toContain('recurring');
  });
});

describe('the engine', () => {
  test('opens recurring windows and deploys what is newest; a freeze added later refuses what is scheduled', async () => {
    const { store, lease } = await setUp();
    const queues = useQueues(store);
    const calendar = createCalendar(store);
    const engine = createEngine(redisControlPlane(store, queues), { lease, onLook: calendar.tick });
    onEnd(() => engine.stop());
    await fakeHost(store, 'host-a', { runs: 2 });
    await push(store, 'b');
    const schedule = await recurring(store, 0, { cron: '* * * * * *', maxDurationMs: 10 * minute });
    await engine.start();
    const opened = await eventually(async () =>
      (await readWindowFires(store, schedule.id)).find(({ fate }) => fate === 'opened'),
    );
    const done = await eventually(async () => {
      const window = await getWindow(store, opened.window!);
      return window.phase === 'done' && window;
    });
    expect(done).toMatchObject({ outcome: 'completed', release: NEW, createdBy: `schedule:${schedule.id}` });
    await eventually(async () =>
      (await readWindowFires(store, schedule.id)).some(
        ({ fate, reason }) => fate === 'skipped' && /is current/.test(reason),
      ),
    );
    await removeWindowSchedule(store, schedule.id);

    const next = await push(store, 'c');
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const scheduled = await declareWindow(store, {
      release: next,
      reason: 'soon',
      createdBy: 'ops',
      startsAt: at(3_000),
      drainTimeoutMs: minute,
      onDrainTimeout: 'abort',
      maxDurationMs: minute,
    });
    const freeze = await addFreeze(store, {
      app: 'billing',
      from: at(0),
      to: at(hour),
      reason: 'audit',
      createdBy: 'ops',
    });
    const refused = await eventually(async () => {
      const window = await getWindow(store, scheduled.id);
      return window.phase === 'done' && window;
    });
    expect(refused).toMatchObject({ outcome: 'refused', summary: expect.stringContaining(freeze.id) });
  });
});
