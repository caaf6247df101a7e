import { beforeEach, expect, test } from 'vitest';
import type { WorkerProcess } from '../../src/host/worker-process.js';
import { WorkflowProver } from '../../src/host/workflow-prover.js';
import type { StepAnswer, StepManifest, StepQuestion, WorkflowManifest } from '../../src/model/workflow.js';
import { expandStep } from '../../src/store/workflows/expand.js';
import { begunWorkflow } from '../support/begun-runs.js';
import { sampleJob } from '../support/sample-releases.js';
import { sampleStep } from '../support/sample-workflows.js';
import { type TestStore, useStore } from '../support/store.js';

let store: TestStore;
let asked: StepQuestion[];
beforeEach(() => {
  store = useStore();
  asked = [];
});

const graph = (...steps: StepManifest[]): WorkflowManifest => ({
  name: 'w',
  queue: 'q',
  payloadSchema: {},
  steps,
});
const kept = graph(sampleStep('a'), sampleStep('b', { after: ['a'] }));

async function begin(jobId: string): Promise<void> {
  const { redis, keys } = store;
  await redis.hset(keys.job('q', jobId), 'name', 'w', 'data', `{"of":"${jobId}"}`, 'timestamp', 1);
  await begunWorkflow(store, 'app', { queue: 'q', jobId }, kept);
}

/** @param answers of one worker after the other; `null`: it dies over the question. */
function prover(
  next: WorkflowManifest | null,
  answers: (StepAnswer | null)[] = [{ verdict: 'fits' }],
): WorkflowProver {
  const worker = () => ({
    evaluate: async (question: StepQuestion) => {
      asked.push(question);
      return answers.length > 1 ? answers.shift()! : answers[0]!;
    },
  });
  return new WorkflowProver({
    store,
    jobs: new Map(['a', 'b'].map(name => [name, { ...sampleJob, name }])),
    workflows: new Map(next ? [['w', next]] : []),
    next: async () => worker() as unknown as WorkerProcess,
  });
}

async function refusals(proof: WorkflowProver) {
  const found = [];
  for await (const some of proof.proveQueue('q')) found.push(...some);
  return found;
}

test('every live run is held against the graph of the next release, and its code asked about the payload', async () => {
  for (const id of ['run-1', 'run-2']) await begin(id);
  expect(await refusals(prover(kept))).toEqual([]);
  expect(asked.map(({ payload, step }) => [payload, step]).sort()).toEqual([
    ['{"of":"run-1"}', null],
    ['{"of":"run-2"}', null],
  ]);
});

test('a graph that does not fit is refused with run and step, and its payload is not asked about', async () => {
  await begin('run-1');
  expect(await refusals(prover(graph(sampleStep('a'))))).toEqual([
    {
      run: 'run-1',
      job: 'w',
      queue: 'q',
      from: null,
      to: null,
      direction: 'up',
      path: '',
      step: 'b',
      message: expect.stringContaining('not in the release any more'),
    },
  ]);
  expect(await refusals(prover(null))).toMatchObject([{ run: 'run-1', step: null }]);
  expect(asked).toEqual([]);
});

test('a payload that the next code does not take is refused', async () => {
  await begin('run-1');
  const error = { name: 'Error', message: '/day: is missing', stack: '' };
  expect(await refusals(prover(kept, [{ verdict: 'failed', error }]))).toMatchObject([
    { run: 'run-1', step: null, message: '/day: is missing' },
  ]);
});

test('a run whose steps have all begun is not asked about its payload', async () => {
  await begin('run-1');
  const run = { queue: 'q', jobId: 'run-1' };
  await store.redis.hset(store.keys.workflow('q', 'run-1'), 's:b', 'ready');
  const runs = { job: 'a', queue: 'q', attempts: null, backoff: null, timeoutMs: null };
  for (const step of ['a', 'b'])
    await expandStep(store, 'app', run, step, { kind: 'run', payloads: ['1'], runs });
  expect(await refusals(prover(graph(sampleStep('other'))))).toEqual([]);
  expect(asked).toEqual([]);
});

test('a worker that dies over a payload is asked again, three in a row prove nothing', async () => {
  await begin('run-1');
  expect(await refusals(prover(kept, [null, null, { verdict: 'fits' }]))).toEqual([]);
  await expect(refusals(prover(kept, [null]))).rejects.toThrow('died while they read payloads');
  expect(asked.length).toBe(6);
});

test('a run whose job was removed holds nobody back, and is tidied away', async () => {
  await begin('run-1');
  await store.redis.del(store.keys.job('q', 'run-1'));
  expect(await refusals(prover(null))).toEqual([]);
  expect(await store.redis.exists(store.keys.liveWorkflows('q'), store.keys.agenda('app'))).toBe(0);
});

test('a run that has ended, or only comes to its end, is not asked for what it no longer needs', async () => {
  for (const id of ['run-1', 'run-2']) await begin(id);
  await store.redis.hset(store.keys.job('q', 'run-1'), 'finishedOn', 1);
  await store.redis.hset(store.keys.workflow('q', 'run-2'), 's:a', 'done', 's:b', 'done');
  expect(await refusals(prover(null))).toEqual([]);
  await store.redis.hset(store.keys.workflow('q', 'run-2'), 'retry', '1', 's:b', 'failed');
  expect(await refusals(prover(null))).toMatchObject([{ run: 'run-2' }]);
});
