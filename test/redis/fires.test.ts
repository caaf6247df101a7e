import { expect, test } from 'vitest';
import type { UnsentFire } from '../../src/model/schedule.js';
import { pruneWindows } from '../../src/store/ended-windows.js';
import { readEvents } from '../../src/store/events.js';
import { createLease } from '../../src/store/lease.js';
import {
  type DecidedFire,
  firesOfWindow,
  readFires,
  STARTS_KEPT,
  startsOf,
} from '../../src/store/schedules/fires.js';
import { type Decision, recordFates } from '../../src/store/schedules/record-fires.js';
import { stateFrom, stateText } from '../../src/store/schedules/schedules.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { onEnd } from '../support/lifetime.js';
import { APP, applied } from '../support/schedules.js';
import { type TestStore, useStore } from '../support/store.js';
import { T0 } from '../support/window-samples.js';

const minute = 60_000;
const hour = 60 * minute;

async function holder(store: TestStore) {
  const lease = createLease(store, { owner: 'srv-1', ttlMs: 60_000 });
  onEnd(() => lease.stop());
  await lease.start();
  return { owner: lease.owner, term: lease.term };
}

/** A store with a schedule whose state is known. */
async function setUp() {
  const store = useStore();
  await applied(store, 'a', [{ job: 'nightly' }]);
  const seen = stateText(stateFrom(T0));
  await store.redis.hset(store.keys.scheduleStates(APP), 'nightly', seen);
  return { store, seen, by: await holder(store) };
}

function ran(seen: string, at: number, more: Partial<Decision> = {}): Decision {
  const unsent: UnsentFire = {
    app: APP,
    schedule: 'nightly',
    queue: 'nightly',
    job: 'nightly',
    id: `run-${at}`,
    scheduledFor: new Date(at).toISOString(),
    payload: {},
  };
  const fires: DecidedFire[] = [{ at, fate: 'ran', reason: 'on time', run: unsent.id }];
  return { schedule: 'nightly', seen, state: stateText(stateFrom(at)), fires, unsent: [unsent], ...more };
}

test('a schedule is not decided on twice from the same state: the second finds that somebody was here, and changes nothing', async () => {
  const { store, seen, by } = await setUp();
  const other = { schedule: 'other', seen: 'unknown', state: seen, fires: [], unsent: [] };
  expect(await recordFates(store, by, APP, [ran(seen, T0 + minute)])).toMatchObject({
    answer: 'recorded',
    stale: new Set(),
  });
  const again = await recordFates(store, by, APP, [other, ran(seen, T0 + 2 * minute)]);
  expect(again).toMatchObject({ answer: 'recorded', stale: new Set([0, 1]) });
  expect((await readFires(store, { app: APP, schedule: 'nightly' })).items).toHaveLength(1);
  expect(await unsentFires(store)).toHaveLength(1);
  expect(await store.redis.hget(store.keys.scheduleStates(APP), 'other')).toBeNull();
});

test('the event tells only what was recorded', async () => {
  const { store, seen, by } = await setUp();
  const told = async () =>
    (await readEvents(store, { app: APP })).filter(({ type }) => type === 'schedule.fires').length;
  const stale = { ...ran('unknown', T0 + minute), schedule: 'other' };
  await recordFates(store, by, APP, [stale]);
  expect(await told()).toBe(0);
  await recordFates(store, by, APP, [stale, ran(seen, T0 + minute)]);
  expect(await readEvents(store, { app: APP })).toContainEqual(
    expect.objectContaining({
      type: 'schedule.fires',
      fates: { ran: 1 },
      fires: [{ schedule: 'nightly', at: new Date(T0 + minute).toISOString(), fate: 'ran' }],
    }),
  );
  await recordFates(store, by, APP, [ran(seen, T0 + minute)]);
  expect(await told()).toBe(1);
});

test.each([
  ['another owner', (by: { owner: string; term: number }) => ({ ...by, owner: 'srv-2' })],
  ['a former term', (by: { owner: string; term: number }) => ({ ...by, term: by.term - 1 })],
])('%s records nothing', async (_, change) => {
  const { store, seen, by } = await setUp();
  const { answer } = await recordFates(store, change(by), APP, [ran(seen, T0 + minute)]);
  expect(answer).toBe('not-the-holder');
  expect((await readFires(store, { app: APP, schedule: 'nightly' })).items).toEqual([]);
  expect(await unsentFires(store)).toEqual([]);
});

test('a fire gets its last fate in the place of the one before, and the window that held it sees it', async () => {
  const { store, seen, by } = await setUp();
  const at = Date.now();
  const held: DecidedFire = { at, fate: 'held', reason: 'a window', window: 'win-1' };
  await recordFates(store, by, APP, [ran(seen, at, { fires: [held], unsent: [] })]);
  const after = stateText(stateFrom(at));
  await recordFates(store, by, APP, [
    ran(after, at, { fires: [{ ...held, fate: 'skipped', reason: 'missed: skip' }], unsent: [] }),
  ]);
  const { items } = await readFires(store, { app: APP, schedule: 'nightly' });
  expect(items).toMatchObject([{ fate: 'skipped', reason: 'missed: skip', window: 'win-1', run: null }]);
  expect(Object.keys(await store.redis.hgetall(store.keys.heldFires('win-1')))).toEqual([`nightly ${at}`]);
});

test('what a window held is forgotten with it', async () => {
  const { store, seen, by } = await setUp();
  const { redis, keys } = store;
  const held = (window: string, at: number): DecidedFire => ({
    at,
    fate: 'held',
    reason: 'a window',
    window,
  });
  const fires = [held('win-1', T0 + minute), held('win-2', T0 + 2 * minute)];
  await recordFates(store, by, APP, [ran(seen, T0, { fires, unsent: [] })]);
  expect(await firesOfWindow(store, 'win-1', APP)).toHaveLength(1);
  await redis.zadd(keys.endedWindows(APP), 1, 'win-1', 2, 'win-2');
  await pruneWindows(store, APP, 1);
  expect(await redis.exists(keys.heldFires('win-1'), keys.heldFires('win-2'))).toBe(1);
  expect(await firesOfWindow(store, 'win-2', APP)).toMatchObject([{ schedule: 'nightly', fate: 'held' }]);
});

test('the ledger keeps the newest thousand, and none that is older than thirty days', async () => {
  const { store, seen, by } = await setUp();
  const now = Date.now();
  const fires = (count: number, from: number): DecidedFire[] =>
    Array.from({ length: count }, (_, i) => ({ at: from + i * 1_000, fate: 'skipped', reason: 'x' }));
  await recordFates(store, by, APP, [
    ran(seen, now, { fires: fires(10, now - 40 * 24 * 60 * minute), unsent: [] }),
  ]);
  const { items } = await readFires(store, { app: APP, schedule: 'nightly' }, { limit: 2_000 });
  expect(items).toEqual([]);
  const state = stateText(stateFrom(now));
  await recordFates(store, by, APP, [ran(state, now, { fires: fires(1_200, now - 1_200_000), unsent: [] })]);
  const page = await readFires(store, { app: APP, schedule: 'nightly' }, { limit: 2_000 });
  expect(page.items).toHaveLength(1_000);
  expect(page.items.at(-1)!.at).toBe(new Date(now - 1_000_000).toISOString());
  const pages = [await readFires(store, { app: APP, schedule: 'nightly' }, { limit: 600 })];
  pages.push(
    await readFires(store, { app: APP, schedule: 'nightly' }, { limit: 600, before: pages[0]!.next! }),
  );
  expect(pages.flatMap(({ items }) => items)).toEqual(page.items);
  expect(pages[1]!.next).toBeNull();
  expect(await store.redis.pttl(store.keys.fires(APP, 'nightly'))).toBeGreaterThan(0);
});

test('beyond the ledger it is known what was started, of the newest ten thousand', async () => {
  const { store, seen, by } = await setUp();
  const { redis, keys } = store;
  const key = keys.started(APP, 'nightly');
  const old = Array.from({ length: STARTS_KEPT }, (_, i) => T0 - minute + i);
  await redis.zadd(key, ...old.flatMap(at => [at, at]));
  const skipped: DecidedFire = { at: T0 + minute, fate: 'skipped', reason: 'paused' };
  const { fires, ...decision } = ran(seen, T0 + 2 * minute);
  await recordFates(store, by, APP, [{ ...decision, fires: [skipped, ...fires] }]);
  const { instants, since } = await startsOf(store, { app: APP, schedule: 'nightly' }, T0, T0 + hour);
  expect([...instants]).toEqual([T0 + 2 * minute]);
  expect(since).toBe(old[1]);
  expect(await redis.pttl(key)).toBeGreaterThan(0);
});
