import { beforeEach, expect, test } from 'vitest';
import type { WorkerProcess } from '../../src/host/worker-process.js';
import { WorkflowProver } from '../../src/host/workflow-prover.js';
import type { Release } from '../../src/model/release.js';
import type { RunAddress } from '../../src/model/run.js';
import type { StepManifest, WorkflowGraph } from '../../src/model/workflow.js';
import { queueCounts } from '../../src/queue/queue-counts.js';
import type { Queues } from '../../src/queue/queues.js';
import { cancelRun, retryRun } from '../../src/queue/run-actions.js';
import { partRunId } from '../../src/queue/workflow-runs.js';
import { reopenWorkflow } from '../../src/store/workflows/again.js';
import { endWorkflow } from '../../src/store/workflows/begin.js';
import { expandStep } from '../../src/store/workflows/expand.js';
import { settleStep } from '../../src/store/workflows/settle.js';
import { workflowRefusals } from '../../src/window/plan-workflows.js';
import { anna } from '../support/anna.js';
import { begunWorkflow } from '../support/begun-runs.js';
import { useQueues } from '../support/queues.js';
import { sampleJob } from '../support/sample-releases.js';
import { sampleStep } from '../support/sample-workflows.js';
import { type TestStore, useStore } from '../support/store.js';

const APP = 'a';
const RUN = { queue: 'q', jobId: 'run-0abcdefgh0123456789a' };
const GRAPH = graph('w', sampleStep('load'), sampleStep('send', { after: ['load'] }));

let store: TestStore;
let queues: Queues;
beforeEach(async () => {
  store = useStore();
  queues = useQueues(store);
  await store.redis.hset(store.keys.queues, 'q', APP);
});

function graph(name: string, ...steps: StepManifest[]): WorkflowGraph {
  return { name, steps };
}

/** Of what is asked of a release: its jobs and its workflows. */
function release(jobs: string[], ...graphs: WorkflowGraph[]): Release {
  const workflows = graphs.map(each => ({ ...each, queue: 'q', payloadSchema: {} }));
  return { jobs: jobs.map(name => ({ ...sampleJob, name, queue: 'q' })), workflows } as unknown as Release;
}

/** Of the proof, and of the plan, which says the same beforehand. */
async function refusals(next: Release): Promise<string[]> {
  const found: string[] = [];
  const worker = { evaluate: async () => ({ verdict: 'fits' }) } as unknown as WorkerProcess;
  const prover = new WorkflowProver({
    store,
    jobs: new Map(next.jobs.map(job => [job.name, job])),
    workflows: new Map(next.workflows.map(workflow => [workflow.name, workflow])),
    next: async () => worker,
  });
  for await (const some of prover.proveQueue('q'))
    found.push(...some.map(({ run, step, message }) => `${run} ${step}: ${message}`));
  const planned = await workflowRefusals(store, next, ['q']);
  expect(planned.map(({ run, step, message }) => `${run} ${step}: ${message}`)).toEqual(found);
  return found;
}

/** It begins, its first step fails, and the queue has its end. */
async function failed(run: RunAddress, kept: WorkflowGraph): Promise<void> {
  const { redis, keys } = store;
  await queues.get('q').add(kept.name, {}, { jobId: run.jobId });
  await begunWorkflow(store, APP, run, kept);
  const { name, runs: job } = kept.steps[0]!;
  const runs = { job: job!, queue: 'q', attempts: null, backoff: null, timeoutMs: null };
  await expandStep(store, APP, run, name, { kind: 'run', payloads: ['1'], runs });
  const [id, error] = [partRunId(run, name, null), { name: 'Error', message: 'no such file', stack: '' }];
  const how = { kind: 'failed', run: id, error } as const;
  await settleStep(store, APP, { queue: 'q', jobId: id }, { ...run, step: name, index: null }, how);
  await redis.lrem(keys.job('q', 'wait'), 0, run.jobId);
  await redis.zadd(keys.job('q', 'failed'), '9', run.jobId);
  await redis.hset(keys.job('q', run.jobId), 'finishedOn', '9', 'failedReason', 'failed');
  await redis.hset(keys.run('q', run.jobId), 'outcome', 'failed');
  await endWorkflow(store, run, { keepMs: 60_000, again: true });
}

const ALL = ['load', 'send'];
const refused = [
  ['the step that failed has lost its job', release(['send'], GRAPH), /^run-0\w+ load: .*job load is not in/],
  [
    'a step that was stopped is gone',
    release(ALL, graph('w', sampleStep('load'))),
    /^run-0\w+ send: .*not in/,
  ],
  ['the workflow is gone', release(ALL), /^run-0\w+ null: workflow w is not in the release/],
] as const;

test.each(refused)('a run that is retried, and not claimed yet, is proven: %s', async (_, next, message) => {
  await failed(RUN, GRAPH);
  expect(await refusals(next)).toEqual([]);
  await retryRun(store, queues, RUN.jobId);
  expect(await refusals(next)).toEqual([expect.stringMatching(message)]);
  expect(await refusals(release(ALL, GRAPH))).toEqual([]);
});

test('what is done of it, or has failed and may, is asked for no more', async () => {
  const may = graph('w', sampleStep('load', { onFailure: 'continue' }), sampleStep('send'));
  await failed(RUN, may);
  await store.redis.hset(store.keys.workflow('q', RUN.jobId), 's:send', 'failed', 'stop', 'failed');
  await retryRun(store, queues, RUN.jobId);
  expect(await refusals(release(['send'], graph('w', sampleStep('send'))))).toEqual([]);
});

test('it is held against a release once, also when a host has claimed it, and no more when it is cancelled', async () => {
  await failed(RUN, GRAPH);
  await retryRun(store, queues, RUN.jobId);
  const { redis, keys } = store;
  await redis.set(keys.lock('q', RUN.jobId), 't');
  const fence = Number(await redis.hget(keys.run('q', RUN.jobId), 'fence'));
  await reopenWorkflow(store, APP, { ...RUN, token: 't', fence }, GRAPH);
  expect(await redis.exists(keys.reopenedWorkflows('q'))).toBe(0);
  expect(await refusals(release(ALL))).toHaveLength(1);

  const other = { queue: 'q', jobId: 'run-1abcdefgh0123456789a' };
  await failed(other, GRAPH);
  await retryRun(store, queues, other.jobId);
  expect(await refusals(release(ALL))).toHaveLength(2);
  await cancelRun(store, other.jobId, anna);
  expect(await refusals(release(ALL))).toHaveLength(1);
  await redis.hset(keys.job('q', other.jobId), 'finishedOn', '9');
  await endWorkflow(store, other, { keepMs: 60_000, again: true });
  expect(await redis.exists(keys.reopenedWorkflows('q'))).toBe(0);
});

test('it stands in the counts of its queue where its job stands', async () => {
  await failed(RUN, GRAPH);
  await retryRun(store, queues, RUN.jobId);
  await queues.get('q').add('load', {}, { delay: 3_600_000 });
  expect((await queueCounts(store, 'q')).counts).toMatchObject({
    wait: 1,
    waiting: 0,
    delayed: 1,
    failed: 0,
  });
});

test('with it go the workflow runs of its steps that failed: they are proven too', async () => {
  const inner = graph('v', sampleStep('copy'), sampleStep('check', { after: ['copy'] }));
  const outer = graph('w', sampleStep('inner', { kind: 'workflow', runs: 'v' }));
  const part = { queue: 'q', jobId: partRunId(RUN, 'inner', null) };
  await failed(RUN, outer);
  await failed(part, inner);
  const less = release(['copy'], outer, graph('v', sampleStep('copy')));
  expect(await refusals(less)).toEqual([]);
  await retryRun(store, queues, RUN.jobId);
  expect(await refusals(less)).toEqual([expect.stringMatching(/@inner check: it is not in the release/)]);
});
