import { expect, test } from 'vitest';
import type { StepManifest, WorkflowManifest } from '../../src/model/workflow.js';
import { readWorkflow } from '../../src/store/workflows/look.js';
import { advance } from '../../src/workflow/advance.js';
import type { WorkflowPorts } from '../../src/workflow/ports.js';
import { begunWorkflow } from '../support/begun-runs.js';
import { useQueues } from '../support/queues.js';
import { sampleJob } from '../support/sample-releases.js';
import { sampleStep } from '../support/sample-workflows.js';
import { useStore } from '../support/store.js';

const graph = (...steps: StepManifest[]): WorkflowManifest => ({
  name: 'w',
  queue: 'q',
  payloadSchema: {},
  steps,
});

test('a step that the release which runs cannot begin waits for one that can, and the others go on', async () => {
  const store = useStore();
  const { redis, keys } = store;
  const queues = useQueues(store);
  const run = { queue: 'q', jobId: 'run-0123456789abcdef' };
  await queues.get('q').add('w', {}, { jobId: run.jobId });
  const kept = graph(sampleStep('here'), sampleStep('there'));
  await begunWorkflow(store, 'a', run, kept);

  const running = (workflow: WorkflowManifest) => ({
    jobs: new Map(['here', 'there'].map(name => [name, { ...sampleJob, name }])),
    workflows: new Map([['w', workflow]]),
    evaluate: async () => ({ verdict: 'run' as const, payloads: ['{}'] }),
  });
  let current = running(graph(sampleStep('here')));
  const told: string[] = [];
  let recorded = 0;
  const ports: WorkflowPorts = {
    app: 'a',
    store,
    queues,
    retention: { completedMs: 1_000, failedMs: 1_000 },
    limits: { payloadBytes: 1_000, readBytes: 1_000_000, atOnce: 100 },
    release: () => current,
    recording: work => {
      recorded++;
      return work;
    },
    unfit: (_run, step, reason) => told.push(`${step}: ${reason}`),
  };
  const states = async () =>
    Object.entries((await readWorkflow(store, run))!.steps).map(([name, { state }]) => `${name} ${state}`);

  await advance(ports, run);
  expect(await states()).toEqual(['here running', 'there ready']);
  expect(new Set(told)).toEqual(
    new Set(['there: it is not in the release any more, and runs that have begun still come to it']),
  );
  // It is looked at again, but not at once.
  const due = await redis.zscore(keys.agenda('a'), `q:${run.jobId}`);
  const [seconds] = await redis.time();
  expect(Number(due)).toBeGreaterThan(Number(seconds) * 1_000);

  current = running(kept);
  await advance(ports, run);
  // The step that did not fit was not stored: each of the two is waited for once, before other code would run.
  expect(recorded).toBe(2);
  expect(await states()).toEqual(['here running', 'there running']);
});
