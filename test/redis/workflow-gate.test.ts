import { beforeEach, expect, test } from 'vitest';
import { advance } from '../../src/workflow/advance.js';
import type { WorkflowPorts } from '../../src/workflow/ports.js';
import type { RunningRelease } from '../../src/workflow/running-release.js';
import { useQueues } from '../support/queues.js';
import { sampleJob } from '../support/sample-releases.js';
import { APP, begin, RUN, states, store, useWorkflow } from './workflows/kept.js';
import { stepOf } from './workflows/story.js';

useWorkflow();

let ports: WorkflowPorts;
let current: RunningRelease | null;
/** The releases that were asked, in order. */
let asked: string[];
/** Called while a release is being asked. */
let meanwhile: () => void;

const steps = [stepOf('fan', 'job', { each: true })];
const release = (id: string): RunningRelease => ({
  jobs: new Map([['job', { ...sampleJob, name: 'job', queue: 'q' }]]),
  workflows: new Map([['w', { name: 'w', queue: 'q', payloadSchema: {}, steps }]]),
  evaluate: async () => {
    asked.push(id);
    meanwhile();
    return { verdict: 'run', payloads: [id, id].map(by => JSON.stringify(by)) };
  },
});
const payloads = async () =>
  new Set(await store.redis.lrange(store.keys.workflowPayloads('q', RUN.jobId, 'fan'), 0, -1));

beforeEach(async () => {
  const queues = useQueues(store);
  asked = [];
  meanwhile = () => {};
  current = release('old');
  ports = {
    app: APP,
    store,
    queues,
    retention: { completedMs: 1_000, failedMs: 1_000 },
    limits: { payloadBytes: 1_000, readBytes: 1_000_000, atOnce: 200 },
    release: () => current,
    unfit: (_run, step, reason) => expect.fail(`${step}: ${reason}`),
  };
  await begin(...steps);
});

test('an answer that comes after the gate has closed is thrown away: the release that runs when it opens is asked', async () => {
  meanwhile = () => {
    current = null;
  };
  await advance(ports, RUN);
  expect(await states()).toBe('fan ready');
  meanwhile = () => {};
  current = release('new');
  await advance(ports, RUN);
  expect([await states(), asked, await payloads()]).toEqual([
    'fan running',
    ['old', 'new'],
    new Set(['"new"']),
  ]);
});

test('another release that runs by then is asked at once', async () => {
  const next = release('new');
  meanwhile = () => {
    current = next;
  };
  await advance(ports, RUN);
  expect([await states(), asked, await payloads()]).toEqual([
    'fan running',
    ['old', 'new'],
    new Set(['"new"']),
  ]);
});
