import { beforeEach, describe, expect, test } from 'vitest';
import type { Envelope } from '../../src/model/run.js';
import { redisNow } from '../../src/store/redis.js';
import {
  FencedError,
  failRun,
  finishRun,
  handOver,
  markStopped,
  saveStep,
  startRun,
} from '../../src/store/runs.js';
import { saveRun } from '../../src/store/saves.js';
import { eventually } from '../support/eventually.js';
import { type TestStore, useStore } from '../support/store.js';

const BY = { release: 'r1', host: 'h1', app: 'a', crashed: false, crashLimit: 3, lockMs: 5_000 };
const RUN = { queue: 'q', jobId: 'run-1', token: 't1' };
const state = (text: string): Envelope => ({ state: text, version: 1, cursors: null });

let store: TestStore;
beforeEach(async () => {
  store = useStore();
  await lock('t1');
});

const lock = (token: string) => store.redis.set(store.keys.lock('q', 'run-1'), token, 'PX', 1_000);
const field = (name: string) => store.redis.hget(store.keys.run('q', 'run-1'), name);

async function start(by: Partial<typeof BY> = {}, token = 't1') {
  const started = await startRun(store, { ...RUN, token }, { ...BY, ...by });
  if (started.kind !== 'ok') throw new Error(`the start was answered with ${started.kind}`);
  return { ...RUN, token, fence: started.fence, started };
}

describe('a start', () => {
  test('takes a fence that rises, and begins the lock anew', async () => {
    expect((await start()).fence).toBe(1);
    const first = Number(await field('lastStart'));
    expect(first).toBe(Number(await field('startedAt')));
    await eventually(async () => (await redisNow(store.redis)) > first);
    expect((await start()).fence).toBe(2);
    expect(Number(await field('lastStart'))).toBeGreaterThan(first);
    expect(await store.redis.pttl(store.keys.lock('q', 'run-1'))).toBeGreaterThan(1_000);
  });

  test('is refused without the lock', async () => {
    await lock('t2');
    expect(await startRun(store, RUN, BY)).toEqual({ kind: 'lost' });
    expect(await field('fence')).toBeNull();
  });

  test('finds the checkpoint and the kept steps', async () => {
    const first = await start();
    await saveRun(store, first, state('s1'));
    await saveStep(store, first, 'step:a', { value: '1' });
    const { started } = await start();
    expect(started).toMatchObject({
      checkpoint: state('s1'),
      steps: { 'step:a': { value: '1' } },
      failures: 0,
    });
  });

  test('counts crashes on one release, afresh on another', async () => {
    await start();
    expect((await start({ crashed: true })).started.crashes).toBe(1);
    expect((await start({ crashed: true, release: 'r2' })).started.crashes).toBe(0);
    expect((await start({ crashed: true, release: 'r2' })).started.crashes).toBe(1);
    await handOver(store, RUN, 'r2', 'h1');
    expect(await field('crashes')).toBe('1');
    await handOver(store, RUN, 'r3', 'h1');
    expect(await field('crashes')).toBeNull();
  });

  test('by another claim is not undone by a host that hung: it hands nothing over any more', async () => {
    await start();
    await lock('t2');
    await start({ release: 'r2', host: 'h2' }, 't2');
    await handOver(store, RUN, 'r3', 'h1');
    expect([await field('release'), await field('host')]).toEqual(['r2', 'h2']);
  });

  test('is not undone by the word that the one before was stopped, which came late', async () => {
    const before = await start();
    await markStopped(store, before);
    expect(await field('stopped')).toBe('1');
    await start();
    await markStopped(store, before);
    expect(await field('stopped')).toBeNull();
  });

  test('counts crashes without an advance, and ends the run at the limit', async () => {
    await start();
    expect((await start({ crashed: true })).started.crashes).toBe(1);
    expect((await start({ crashed: true })).started.crashes).toBe(2);
    expect(await startRun(store, RUN, { ...BY, crashed: true })).toMatchObject({
      kind: 'poison',
      crashes: 3,
    });
  });

  test('of a cancelled run is no start', async () => {
    await store.redis.hset(store.keys.run('q', 'run-1'), 'cancel', '1');
    expect(await startRun(store, RUN, BY)).toEqual({ kind: 'cancelled', fence: 1 });
  });
});

describe('a write', () => {
  test('of an older fence is refused: a checkpoint never goes back', async () => {
    const old = await start();
    const now = await start();
    await saveRun(store, now, state('new'));
    await expect(saveRun(store, old, state('old'))).rejects.toThrow(FencedError);
    await expect(saveStep(store, old, 'step:a', { value: '1' })).rejects.toThrow(FencedError);
    await expect(failRun(store, old, { kind: 'failed', attempts: 1 })).rejects.toThrow(FencedError);
    expect(await field('state')).toBe('new');
  });

  test('of another lock holder is refused, whatever its fence', async () => {
    const run = await start();
    await saveRun(store, run, state('new'));
    await lock('t2');
    await expect(saveRun(store, run, state('other'))).rejects.toThrow(/taken over/);
    expect(await field('state')).toBe('new');
  });

  test('with a yield takes the next fence in the same act', async () => {
    const run = await start();
    const { fence } = await saveRun(store, run, state('s'), 'yield');
    expect(fence).toBe(2);
    expect(await field('yielded')).toBe('1');
    await expect(saveRun(store, run, state('late'))).rejects.toThrow(FencedError);
    await saveRun(store, { ...run, fence }, state('next'));
    expect(await field('state')).toBe('next');
  });

  test('puts the run among the live checkpoints until it ends', async () => {
    const run = await start();
    await saveRun(store, run, state('s'));
    expect(await store.redis.smembers(store.keys.live('q'))).toEqual(['run-1']);
    await finishRun(store, run, { keepState: false, keepMs: 60_000 });
    expect(await store.redis.smembers(store.keys.live('q'))).toEqual([]);
    expect(await field('state')).toBeNull();
  });

  test('leaves a parked run in the proof', async () => {
    const run = await start();
    await saveRun(store, run, state('s'));
    await failRun(store, run, { kind: 'parked', attempts: 0, parked: { reason: 'why', choices: ['retry'] } });
    await finishRun(store, run, { keepState: true, keepMs: 60_000 });
    expect(await store.redis.smembers(store.keys.live('q'))).toEqual(['run-1']);
    expect(await field('state')).toBe('s');
  });
});

describe('the attempt budget', () => {
  const fail = (run: Awaited<ReturnType<typeof start>>) =>
    failRun(store, run, { kind: 'failed', attempts: 2 });

  test('is spent by failures', async () => {
    expect(await fail(await start())).toEqual({ kind: 'retry', failures: 1 });
    expect(await fail(await start())).toEqual({ kind: 'ended' });
  });

  test('is whole again when the checkpoint advances', async () => {
    await fail(await start());
    const run = await start();
    await saveRun(store, run, state('further'));
    expect(await fail(run)).toEqual({ kind: 'retry', failures: 1 });
  });

  test('is not given back by saving the same state again', async () => {
    const first = await start();
    await saveRun(store, first, state('same'));
    await fail(first);
    const run = await start();
    await saveRun(store, run, state('same'));
    expect(await fail(run)).toEqual({ kind: 'ended' });
  });

  test('is not touched by a yield', async () => {
    await fail(await start());
    const run = await start();
    await saveRun(store, run, null, 'yield');
    expect(await field('failures')).toBe('1');
  });
});
