import { beforeEach, expect, test } from 'vitest';
import type { Queues } from '../../src/queue/queues.js';
import { retryRun } from '../../src/queue/run-actions.js';
import { partRunId } from '../../src/queue/workflow-runs.js';
import { memberOf } from '../../src/store/agenda.js';
import { startRun } from '../../src/store/runs.js';
import { reopenWorkflow } from '../../src/store/workflows/again.js';
import { endWorkflow } from '../../src/store/workflows/begin.js';
import { readWorkflow } from '../../src/store/workflows/look.js';
import { settleStep } from '../../src/store/workflows/settle.js';
import { advance } from '../../src/workflow/advance.js';
import type { WorkflowPorts } from '../../src/workflow/ports.js';
import type { RunningRelease } from '../../src/workflow/running-release.js';
import { begunWorkflow } from '../support/begun-runs.js';
import { useQueues } from '../support/queues.js';
import { sampleJob } from '../support/sample-releases.js';
import { type TestStore, useStore } from '../support/store.js';
import { stepOf } from './workflows/story.js';

const APP = 'a';
const RUN = { queue: 'q', jobId: 'run-0abcdefgh0123456789a' };
const PART = partRunId(RUN, 'each', 0);
const BY = { release: 'r', host: 'h', app: APP, crashed: false, crashLimit: 3, lockMs: 60_000 };
const steps = [stepOf('each', 'job', { each: true }), stepOf('sum', 'job', { after: ['each'] })];
const graph = { name: 'w', steps };

const release: RunningRelease = {
  jobs: new Map([['job', { ...sampleJob, name: 'job', queue: 'q' }]]),
  workflows: new Map([['w', { name: 'w', queue: 'q', payloadSchema: {}, steps }]]),
  evaluate: async () => ({ verdict: 'run', payloads: ['17'] }),
};

let store: TestStore;
let queues: Queues;
let ports: WorkflowPorts;

/** A workflow run that has failed with the only run of its first step, which is no longer kept. */
beforeEach(async () => {
  store = useStore();
  queues = useQueues(store);
  const { redis, keys } = store;
  ports = {
    app: APP,
    store,
    queues,
    retention: { completedMs: 60_000, failedMs: 60_000 },
    limits: { payloadBytes: 1_000, readBytes: 1_000_000, atOnce: 200 },
    release: () => release,
    unfit: (_run, step) => expect.fail(`step ${step} does not fit`),
  };
  await redis.hset(keys.queues, 'q', APP);
  await queues.get('q').add('w', {}, { jobId: RUN.jobId });
  await begunWorkflow(store, APP, RUN, graph);
  await advance(ports, RUN);
  const error = { name: 'Error', message: 'no', stack: 'no' };
  const part = { ...RUN, step: 'each', index: 0 };
  await settleStep(store, APP, { queue: 'q', jobId: PART }, part, { kind: 'failed', run: PART, error });
  await advance(ports, RUN);
  await redis.del(keys.job('q', PART), keys.run('q', PART), keys.job('q', 'wait'), keys.lock('q', RUN.jobId));
  await redis.hset(keys.job('q', RUN.jobId), 'finishedOn', Date.now(), 'failedReason', 'no');
  await redis.zadd(keys.job('q', 'failed'), Date.now(), RUN.jobId);
  await endWorkflow(store, RUN, { keepMs: 60_000, again: true });
});

const payloads = () => store.keys.workflowPayloads('q', RUN.jobId, 'each');

/** As the host does that claims it. */
async function goOn(): Promise<void> {
  const claim = { ...RUN, token: 't' };
  await store.redis.set(store.keys.lock('q', RUN.jobId), 't', 'PX', 60_000);
  const started = await startRun(store, claim, BY);
  await reopenWorkflow(store, APP, { ...claim, fence: (started as { fence: number }).fence }, graph);
  await advance(ports, RUN);
}

test('payloads of steps stay from the moment at which a person has the workflow run go on', async () => {
  expect(await store.redis.pttl(payloads())).toBeGreaterThan(0);
  await retryRun(store, queues, RUN.jobId);
  expect(await store.redis.pttl(payloads())).toBe(-1);
  await goOn();
  const job = await queues.get('q').getJob(PART);
  expect(job?.data).toBe(17);
});

test('a workflow run of which nothing is kept any more is looked at once', async () => {
  const { redis, keys } = store;
  await redis.zadd(keys.agenda(APP), 0, memberOf(RUN));
  await advance(ports, RUN);
  expect(await redis.zrange(keys.agenda(APP), '0', '-1')).toEqual([]);
  const other = { queue: 'q', jobId: 'run-removed' };
  await redis.zadd(keys.agenda(APP), 0, memberOf(other));
  await advance(ports, other);
  expect(await redis.zrange(keys.agenda(APP), '0', '-1')).toEqual([]);
});

test('a run that is gone with its payload fails: its workflow does not wait for it for ever', async () => {
  await retryRun(store, queues, RUN.jobId);
  await store.redis.del(payloads());
  await goOn();
  const kept = (await readWorkflow(store, RUN))!;
  expect(kept.steps).toMatchObject({ each: { state: 'failed', left: 0 }, sum: { state: 'stopped' } });
  expect(kept.why?.error.message).toMatch(/payload/);
});
