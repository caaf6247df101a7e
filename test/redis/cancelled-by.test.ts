import { beforeEach, expect, test } from 'vitest';
import { runIdOf } from '../../src/queue/run-id.js';
import { showRun } from '../../src/queue/runs.js';
import { partRunId } from '../../src/queue/workflow-runs.js';
import { requestCancel } from '../../src/store/run-requests.js';
import { startRun } from '../../src/store/runs.js';
import { lookAtWorkflow } from '../../src/store/workflows/look.js';
import { settleStep } from '../../src/store/workflows/settle.js';
import type { WorkflowPorts } from '../../src/workflow/ports.js';
import { seenByLook } from '../../src/workflow/seen.js';
import { endRuns } from '../../src/workflow/step-runs.js';
import { anna } from '../support/anna.js';
import { APP, BY, begin, claim, expand, part, RUN, RUNS, store, useWorkflow, WHY } from './workflows/kept.js';
import { stepOf } from './workflows/story.js';

const idOf = (index: number) => partRunId(RUN, 'a', index);
const AT = expect.stringMatching(/^20\d\d-.*Z$/);

useWorkflow();

/** A workflow run with a step of three runs, which are in their queue; the first has started. */
beforeEach(async () => {
  const { redis, keys } = store;
  await redis.hset(keys.queues, 'q', APP);
  await begin(stepOf('a', 'job', { each: true }));
  await expand('a', 3);
  for (const index of [0, 1, 2]) {
    const opts = JSON.stringify({ slackwater: { part: part('a', index) } });
    await redis.hset(keys.job('q', idOf(index)), 'name', 'job', 'timestamp', '1', 'opts', opts);
  }
  await claim(idOf(0));
  await redis.lpush(keys.job('q', 'active'), idOf(0));
});

/** As a host that looks at the workflow run, and ends what it can. */
async function end(upTo = 3) {
  const kept = (await lookAtWorkflow(store, APP, RUN))!;
  const ports = { store, app: APP, limits: { atOnce: 4 }, release: () => ({}) } as unknown as WorkflowPorts;
  const [step] = kept.graph.steps;
  const seen = seenByLook(kept);
  await endRuns({ ports, address: RUN, seen, step: step!, runs: RUNS, count: upTo, scheduledFor: null });
}
const cancelled = async (index: number) => (await showRun(store, idOf(index))).cancelled;

test('a run of a cancelled workflow run says who cancelled that and for what, started or not', async () => {
  await requestCancel(store, RUN, anna);
  expect((await showRun(store, RUN.jobId)).cancelled).toEqual({ ...anna, at: AT });
  await end();
  const with_ = { by: 'anna', reason: 'with workflow run run-1: a mistake', at: AT };
  expect(await showRun(store, idOf(0))).toMatchObject({ state: 'running', cancelled: with_ });
  expect(await showRun(store, idOf(1))).toMatchObject({ state: 'cancelled', cancelled: with_ });
  // Who asks once more changes nothing.
  await requestCancel(store, { queue: 'q', jobId: idOf(1) }, { by: 'bert' });
  expect(await cancelled(1)).toEqual(with_);
});

test('one that never begins since another failed names that', async () => {
  const failed = { queue: 'q', jobId: idOf(2) };
  await settleStep(store, APP, failed, part('a', 2), { kind: 'failed', run: idOf(2), error: WHY });
  await end();
  expect(await cancelled(1)).toEqual({
    by: 'workflow run run-1',
    reason: `its step "a" failed, run ${idOf(2)}`,
    at: AT,
  });
  expect(await cancelled(0)).toBeNull();
});

test('one that a host claims after its workflow run has stopped, and before anybody has looked, names the workflow run', async () => {
  await requestCancel(store, RUN, anna);
  const run = { queue: 'q', jobId: idOf(1), token: 't1', part: part('a', 1) };
  await store.redis.set(store.keys.lock('q', run.jobId), run.token, 'PX', 60_000);
  expect(await startRun(store, run, BY)).toMatchObject({ kind: 'cancelled' });
  expect(await cancelled(1)).toEqual({
    by: `workflow run ${runIdOf(RUN.queue, RUN.jobId)}`,
    reason: null,
    at: AT,
  });
});
