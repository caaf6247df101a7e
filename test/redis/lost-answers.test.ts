import { describe, expect, test } from 'vitest';
import type { BackfillRecord } from '../../src/model/backfill.js';
import { openStore, type Store } from '../../src/store/redis.js';
import { FencedError, failRun, startRun } from '../../src/store/runs.js';
import { saveRun } from '../../src/store/saves.js';
import { createBackfill, nextOfBackfill } from '../../src/store/schedules/backfills.js';
import { readFires } from '../../src/store/schedules/fires.js';
import { recordByHand } from '../../src/store/schedules/record-fires.js';
import { findSchedule } from '../../src/store/schedules/schedules.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { takeTurn } from '../../src/store/turns.js';
import { createWindow, extendWindow, getWindow } from '../../src/store/windows.js';
import { beginWait, expandStep } from '../../src/store/workflows/expand.js';
import { readParts } from '../../src/store/workflows/parts.js';
import { signalWorkflow } from '../../src/store/workflows/signal.js';
import { begunWorkflow } from '../support/begun-runs.js';
import { onEnd } from '../support/lifetime.js';
import { losingAnAnswer } from '../support/lost-answer.js';
import { sampleStep } from '../support/sample-workflows.js';
import { APP, applied } from '../support/schedules.js';
import { type TestStore, useStore } from '../support/store.js';
import { sampleWindow, windowIn } from '../support/window-samples.js';

/** A connection to the same store on which the answer to the first request that fits is lost: the client sends it again. */
async function losing(
  store: TestStore,
  fits: (sent: string) => boolean,
): Promise<Store & { lost(): boolean }> {
  const link = await losingAnAnswer(store.url, fits);
  const other = openStore({ ...store.options, url: link.url });
  onEnd(() => other.redis.disconnect());
  await other.redis.ping();
  return { ...other, lost: link.lost };
}

const anyScript = (sent: string) => /\beval(sha)?\b/i.test(sent);

const backfill = (id: string, schedule = 'invoice'): BackfillRecord => ({
  id,
  app: APP,
  schedule,
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-02T00:00:00.000Z',
  concurrency: 1,
  reverse: false,
  again: false,
  state: 'running',
  waitsFor: null,
  progress: {
    total: 1_200,
    alreadyRan: 0,
    held: 0,
    left: 1_200,
    running: 0,
    completed: 0,
    failed: 0,
    parked: 0,
    cancelled: 0,
    gone: 0,
  },
  createdBy: 'operator',
  createdAt: '2026-01-03T00:00:00.000Z',
  cancelledBy: null,
  endedAt: null,
  flying: [],
});
const DUE = Array.from({ length: 1_200 }, (_, i) => i + 1);

describe('an answer that is lost has the client send its request again, and it is done once:', () => {
  test('a backfill has each of its fires once, and those at its end', async () => {
    const store = useStore();
    const other = await losing(store, anyScript);
    await createBackfill(other, backfill('bf-1'), DUE);
    expect(other.lost()).toBe(true);
    expect(await nextOfBackfill(store, 'bf-1', 10_000)).toEqual(DUE);
  });

  test('a backfill that has begun keeps its fires, and is not in its own way', async () => {
    const store = useStore();
    // The script is known to this Redis: what is sent are its arguments.
    await createBackfill(store, backfill('bf-0', 'report'), [1]);
    const other = await losing(store, sent => sent.includes('"id":"bf-1"'));
    expect(await createBackfill(other, backfill('bf-1'), DUE)).toMatchObject({ id: 'bf-1' });
    expect(other.lost()).toBe(true);
    expect(await nextOfBackfill(store, 'bf-1', 10_000)).toEqual(DUE);
  });

  test('a fire that a person asks for', async () => {
    const store = useStore();
    await applied(store, 'a', [{ job: 'invoice', cron: '0 0 1 1 *' }]);
    const schedule = await findSchedule(store, 'invoice');
    const other = await losing(store, sent => sent.includes('asked for by'));
    const { fire } = await recordByHand(other, APP, schedule, { by: 'ada' });
    expect(other.lost()).toBe(true);
    expect((await readFires(store, { app: APP, schedule: 'invoice' })).items).toEqual([fire]);
    expect(await unsentFires(store)).toMatchObject([{ id: fire.run }]);
  });

  test('payloads of a step, each in its place', async () => {
    const store = useStore();
    const address = { queue: 'q', jobId: 'run-1' };
    const steps = [sampleStep('score', { each: true })];
    await begunWorkflow(store, 'a', address, { name: 'nightly', steps });
    const other = await losing(store, sent => sent.includes('"element 0"'));
    const payloads = DUE.map((_, i) => `"element ${i}"`);
    const runs = { job: 'score', queue: 'q', attempts: null, backoff: null, timeoutMs: null };
    await expandStep(other, 'a', address, 'score', { kind: 'run', payloads, runs });
    expect(other.lost()).toBe(true);
    const parts = await readParts(store, address, { name: 'score', each: true }, 0, 5_000);
    expect(parts.flatMap(({ payload }) => payload ?? [])).toEqual(payloads);
  });

  test('a signal is taken, and not the second of its name', async () => {
    const store = useStore();
    const address = { queue: 'q', jobId: 'run-1' };
    await begunWorkflow(store, 'a', address, {
      name: 'w',
      steps: [sampleStep('approve', { kind: 'signal' })],
    });
    await beginWait(store, 'a', address, 'approve', { ms: null });
    const other = await losing(store, sent => sent.includes('"ada"'));
    expect(await signalWorkflow(other, address, 'approve', '"ada"')).toBe('taken');
    expect(other.lost()).toBe(true);
    expect(await signalWorkflow(store, address, 'approve', '"ada"')).toBe('already');
  });

  test('a signal that comes early is kept, and not the second of its name', async () => {
    const store = useStore();
    const address = { queue: 'q', jobId: 'run-1' };
    await store.redis.hset(store.keys.job('q', 'run-1'), 'name', 'w');
    const other = await losing(store, sent => sent.includes('"ada"'));
    expect(await signalWorkflow(other, address, 'approve', '"ada"')).toBe('kept');
    expect(other.lost()).toBe(true);
    expect(await signalWorkflow(store, address, 'approve', '"ada"')).toBe('already');
  });

  test('a failed start is one attempt', async () => {
    const store = useStore();
    const run = { queue: 'q', jobId: 'run-1', token: 't1' };
    await store.redis.set(store.keys.lock('q', 'run-1'), 't1', 'PX', 60_000);
    const by = { release: 'r1', host: 'h1', app: 'a', crashed: false, crashLimit: 3, lockMs: 60_000 };
    const fail = async (through: Store) => {
      const { fence } = (await startRun(store, run, by)) as { fence: number };
      const error = { name: 'Error', message: 'no', stack: 'no' };
      return failRun(through, { ...run, fence }, { kind: 'failed', attempts: 3, error });
    };
    const other = await losing(store, sent => sent.includes('"message":"no"'));
    expect(await fail(other)).toEqual({ kind: 'retry', failures: 1 });
    expect(other.lost()).toBe(true);
    expect(await fail(other)).toEqual({ kind: 'retry', failures: 2 });
    expect(await fail(other)).toEqual({ kind: 'ended' });
  });

  test('a yield: the run goes on with the fence that it took', async () => {
    const store = useStore();
    const run = { queue: 'q', jobId: 'run-1', token: 't1' };
    await store.redis.set(store.keys.lock('q', 'run-1'), 't1', 'PX', 60_000);
    const by = { release: 'r1', host: 'h1', app: 'a', crashed: false, crashLimit: 3, lockMs: 60_000 };
    const right = { ...run, fence: ((await startRun(store, run, by)) as { fence: number }).fence };
    const state = { state: 'row 17', version: 1, cursors: null };
    const other = await losing(store, sent => sent.includes('row 17'));
    const saved = await saveRun(other, right, state, 'yield');
    expect(other.lost()).toBe(true);
    expect(saved.fence).toBe(right.fence + 1);
    await saveRun(store, { ...right, fence: saved.fence }, { ...state, state: 'row 18' });
    // Once it has started again that was not its yield.
    const next = ((await startRun(store, run, by)) as { fence: number }).fence;
    await expect(saveRun(store, { ...right, fence: next - 1 }, state, 'yield')).rejects.toThrow(FencedError);
  });

  test('a window is not in its own way', async () => {
    const store = useStore();
    const window = sampleWindow();
    const other = await losing(store, anyScript);
    expect(await createWindow(other, window)).toEqual(window);
    expect(other.lost()).toBe(true);
    await expect(createWindow(store, { ...window, id: 'win-2' })).rejects.toThrow(/takes this time/);
  });

  test('a window is extended once', async () => {
    const store = useStore();
    const window = await createWindow(store, windowIn('draining'));
    const other = await losing(store, sent => sent.includes('"request":"extend"'));
    const { maxDurationMs } = await extendWindow(other, window.id, { by: 'ada', byMs: 60_000 });
    expect(other.lost()).toBe(true);
    expect(maxDurationMs).toBe(window.maxDurationMs + 60_000);
    expect((await getWindow(store, window.id)).askings).toHaveLength(1);
  });

  test('the turn of a key is not another’s', async () => {
    const store = useStore();
    const other = await losing(store, anyScript);
    expect(await takeTurn(other, 'k1', 'the request')).toHaveProperty('turn');
    expect(other.lost()).toBe(true);
    expect(await takeTurn(store, 'k1', 'the request')).toHaveProperty('kept');
  });
});
