import { type Job, UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { pickRuns } from '../../src/queue/bulk-actions.js';
import { runEnds } from '../../src/queue/how-ended.js';
import { listRuns } from '../../src/queue/list-runs.js';
import { cancelRun } from '../../src/queue/run-actions.js';
import { runCheckpoint } from '../../src/queue/run-checkpoint.js';
import { showRun } from '../../src/queue/runs.js';
import { failRun, finishRun, saveStep, startRun } from '../../src/store/runs.js';
import { saveRun } from '../../src/store/saves.js';
import { beginWorkflow } from '../../src/store/workflows/begin.js';
import { readWorkflow } from '../../src/store/workflows/look.js';
import { anna } from '../support/anna.js';
import { useQueue } from '../support/queues.js';
import { sampleStep } from '../support/sample-workflows.js';

const ID = 'run-0abcdefgh0123456789a';
const RUN = { queue: 'q', jobId: ID };
const BY = { release: 'r', host: 'h', app: 'a', crashed: false, crashLimit: 3, lockMs: 60_000 };
const ERROR = { name: 'E', message: 'no', stack: '' };

async function useSameId() {
  const { store, queue, worker } = useQueue('q');
  await store.redis.hset(store.keys.queues, 'q', 'a');
  // Two jobs are told apart by when they were asked for.
  let asked = Date.now() - 1_000;
  const add = () => queue.add('j', {}, { jobId: ID, removeOnFail: true, timestamp: asked++ });
  const start = async () => {
    const job = (await worker.getNextJob('t', { block: false })) as Job;
    const started = await startRun(store, { ...RUN, token: 't' }, BY);
    if (started.kind !== 'ok') throw new Error(`the start was answered with ${started.kind}`);
    return { job, started, right: { ...RUN, token: 't', fence: started.fence } };
  };
  /** A run with work, and its end, with which its job is removed. */
  const first = async (kind: 'failed' | 'cancelled') => {
    await add();
    const { job, right } = await start();
    await saveRun(store, right, { state: '={"line":7}', version: 1, cursors: null }, 'save');
    await saveStep(store, right, 'charge', { value: '1' });
    if (kind === 'cancelled') await cancelRun(store, ID, anna);
    await failRun(store, right, { kind, attempts: 1, error: ERROR });
    await job.moveToFailed(new UnrecoverableError('no'), 't', false);
    await finishRun(store, right, { keepState: true, keepMs: 60_000 });
    expect(await store.redis.exists(store.keys.job('q', ID))).toBe(0);
    return right;
  };
  return { store, queue, add, start, first };
}

test.each(['failed', 'cancelled'] as const)(
  'a new job with the ID of a removed one that was %s begins anew, with a fence that goes on',
  async kind => {
    const { store, add, start, first } = await useSameId();
    const before = await first(kind);
    await add();
    const fresh = { state: 'queued', attempt: 1, startedAt: null, checkpoint: null, error: null };
    expect(await showRun(store, ID)).toMatchObject(fresh);
    expect((await listRuns(store, { state: 'queued' })).items).toMatchObject([{ id: ID }]);
    const { started } = await start();
    expect(started).toEqual({
      kind: 'ok',
      fence: before.fence + 1,
      failures: 0,
      crashes: 0,
      checkpoint: null,
      savedAt: null,
      steps: {},
    });
    expect(await store.redis.smembers(store.keys.live('q'))).toEqual([]);
  },
);

test('one that is started again goes on from its own record', async () => {
  const { store, add, start } = await useSameId();
  await add();
  const { right } = await start();
  await saveRun(store, right, { state: '={"line":7}', version: 1, cursors: null }, 'save');
  expect(await startRun(store, right, BY)).toMatchObject({
    kind: 'ok',
    checkpoint: { state: '={"line":7}' },
  });
});

test('nobody takes it for cancelled because the former was, nor shows what that had saved', async () => {
  const { store, queue, add, first } = await useSameId();
  await first('failed');
  await add();
  await expect(runCheckpoint(store, ID)).rejects.toThrow(/has no checkpoint/);
  await cancelRun(store, ID, anna);
  await queue.remove(ID);
  await add();
  expect(await runEnds(store, [RUN])).toEqual([null]);
  expect((await pickRuns(store, 'cancel', { queue: 'q', state: 'queued' }, 10)).items).toMatchObject([
    { id: ID, state: 'queued' },
  ]);
});

test('one that is cancelled before its start stays cancelled, whatever became of the former', async () => {
  const { store, add, first } = await useSameId();
  await first('failed');
  await add();
  expect((await cancelRun(store, ID, anna)).state).toBe('cancelled');
  await store.redis.set(store.keys.lock('q', ID), 't', 'PX', 60_000);
  expect(await startRun(store, { ...RUN, token: 't' }, BY)).toMatchObject({ kind: 'cancelled' });
});

test('it does not go on with the workflow of a removed one', async () => {
  const { store, add, start } = await useSameId();
  await add();
  const { job, right } = await start();
  const graph = { name: 'j', steps: [sampleStep('a')] };
  await beginWorkflow(store, right, { app: 'a', graph, priority: 0 });
  await job.moveToFailed(new UnrecoverableError('no'), 't', false);
  await add();
  await start();
  expect(await readWorkflow(store, RUN)).toBeNull();
});
