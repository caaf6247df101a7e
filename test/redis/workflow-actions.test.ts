import { beforeEach, describe, expect, test } from 'vitest';
import { listRuns } from '../../src/queue/list-runs.js';
import { queueCounts } from '../../src/queue/queue-counts.js';
import type { Queues } from '../../src/queue/queues.js';
import { cancelRun, resumeRun, retryRun } from '../../src/queue/run-actions.js';
import { showRun } from '../../src/queue/runs.js';
import { enqueueParts, partRunId } from '../../src/queue/workflow-runs.js';
import { expandStep } from '../../src/store/workflows/expand.js';
import { readWorkflow } from '../../src/store/workflows/look.js';
import { signalWorkflow } from '../../src/store/workflows/signal.js';
import { anna } from '../support/anna.js';
import { begunWorkflow } from '../support/begun-runs.js';
import { useQueues } from '../support/queues.js';
import { type TestStore, useStore } from '../support/store.js';
import { stepOf } from './workflows/story.js';

const APP = 'a';
const RUN = { queue: 'q', jobId: 'run-0abcdefgh0123456789a' };
const PART = partRunId(RUN, 'part', null);
const RUNS = { job: 'job', queue: 'q', attempts: null, backoff: null, timeoutMs: null };

let store: TestStore;
let queues: Queues;
beforeEach(async () => {
  store = useStore();
  queues = useQueues(store);
  await store.redis.hset(store.keys.queues, 'q', APP);
  await queues.get('q').add('w', {}, { jobId: RUN.jobId });
  await moved(RUN.jobId, 'active');
  const steps = [stepOf('part', 'job'), stepOf('other', 'job', { after: ['part'] })];
  await begunWorkflow(store, APP, RUN, { name: 'w', steps });
  await moved(RUN.jobId, 'delayed');
  await expandStep(store, APP, RUN, 'part', { kind: 'run', payloads: ['1'], runs: RUNS });
  const retention = { completedMs: 60_000, failedMs: 60_000 };
  const context = { workflow: RUN, step: 'part', runs: RUNS, priority: 0, scheduledFor: null, retention };
  await enqueueParts(queues, context, [{ index: null, payload: '1' }]);
});

/** As the queue would. */
async function moved(
  jobId: string,
  place: 'active' | 'delayed' | 'failed',
  own: Record<string, string> = {},
) {
  const { redis, keys } = store;
  await redis.lrem(keys.job('q', 'wait'), 0, jobId);
  await redis.lrem(keys.job('q', 'active'), 0, jobId);
  if (place === 'active') await redis.lpush(keys.job('q', place), jobId);
  else await redis.zadd(keys.job('q', place), '9', jobId);
  if (place === 'failed') await redis.hset(keys.job('q', jobId), 'finishedOn', '9', 'failedReason', 'failed');
  if (Object.keys(own).length > 0) await redis.hset(keys.run('q', jobId), own);
}

const stateOf = async (id: string) => (await showRun(store, id)).state;

test('a workflow run waits for its steps: in what is shown of it, in lists, and in the counts of its queue', async () => {
  expect(await stateOf(RUN.jobId)).toBe('waiting');
  const ids = async (state: 'waiting' | 'delayed' | 'queued') =>
    (await listRuns(store, { state })).items.map(({ id }) => id);
  expect(await ids('waiting')).toEqual([RUN.jobId]);
  expect(await ids('delayed')).toEqual([]);
  expect(await ids('queued')).toEqual([PART]);
  const { counts } = await queueCounts(store, 'q');
  expect(counts).toMatchObject({ waiting: 1, delayed: 0, wait: 1, active: 0 });
});

test('cancelling it stops its steps; it is cancelled when they have ended', async () => {
  expect((await cancelRun(store, RUN.jobId, anna)).state).toBe('waiting');
  expect(await readWorkflow(store, RUN)).toMatchObject({
    stop: 'cancelled',
    steps: { other: { state: 'stopped' } },
  });
  expect(await store.redis.zscore(store.keys.job('q', 'delayed'), RUN.jobId)).not.toBeNull();
});

describe('a run that is part of a workflow', () => {
  test('and has ended is not retried alone: its workflow is', async () => {
    await moved(PART, 'failed');
    await expect(retryRun(store, queues, PART)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(
        `retry that one, it goes on from what failed (slackwater runs retry ${RUN.jobId})`,
      ),
    });
    expect(await stateOf(PART)).toBe('failed');
    // When nothing is kept of its workflow any more, it is a run like any other.
    await store.redis.del(store.keys.workflow('q', RUN.jobId));
    expect((await retryRun(store, queues, PART)).state).toBe('queued');
  });

  test('and is parked goes on by a person’s choice, and its workflow with it', async () => {
    const park = JSON.stringify({ reason: 'outcome unknown', choices: ['retry', 'cancel'] });
    await moved(PART, 'failed', { outcome: 'parked', park, startedAt: '1' });
    expect((await resumeRun(store, queues, PART, anna, 'retry')).state).toBe('queued');
    expect((await readWorkflow(store, RUN))!.steps.part).toMatchObject({ state: 'expanded', left: 1 });
  });

  test('and is parked is cancelled by a person: its workflow fails', async () => {
    const park = JSON.stringify({ reason: 'outcome unknown', choices: ['retry', 'cancel'] });
    await moved(PART, 'failed', { outcome: 'parked', park, startedAt: '1' });
    expect((await resumeRun(store, queues, PART, anna, 'cancel')).state).toBe('cancelled');
    expect(await readWorkflow(store, RUN)).toMatchObject({
      stop: 'failed',
      why: { step: 'part', run: PART, error: { message: 'cancelled' } },
      steps: { part: { state: 'failed' }, other: { state: 'stopped' } },
    });
  });
});

test('a workflow run that failed goes on from what failed, and is not begun anew', async () => {
  await store.redis.zrem(store.keys.job('q', 'delayed'), RUN.jobId);
  await moved(RUN.jobId, 'failed');
  await expect(retryRun(store, queues, RUN.jobId, { restart: true })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('goes on from what failed: retry it without "restart"'),
  });
  expect((await readWorkflow(store, RUN))!.retry).toBe(false);
  await retryRun(store, queues, RUN.jobId);
  expect((await readWorkflow(store, RUN))!.retry).toBe(true);
});

test('a workflow run that is delayed, with an early signal, comes for its end when it is cancelled', async () => {
  const later = { queue: 'q', jobId: 'run-1abcdefgh0123456789a' };
  await queues.get('q').add('w', {}, { jobId: later.jobId, delay: 3_600_000 });
  expect(await signalWorkflow(store, later, 's', '1')).toBe('kept');
  await cancelRun(store, later.jobId, anna);
  expect(await store.redis.zscore(store.keys.job('q', 'delayed'), later.jobId)).toBeNull();
});
