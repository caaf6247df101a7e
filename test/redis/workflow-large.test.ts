import { expect, test } from 'vitest';
import { partRunId } from '../../src/queue/workflow-runs.js';
import type { Redis } from '../../src/store/redis.js';
import { requestCancel } from '../../src/store/run-requests.js';
import { readWorkflow } from '../../src/store/workflows/look.js';
import { settleStep } from '../../src/store/workflows/settle.js';
import { advance } from '../../src/workflow/advance.js';
import type { WorkflowPorts } from '../../src/workflow/ports.js';
import type { RunningRelease } from '../../src/workflow/running-release.js';
import { anna } from '../support/anna.js';
import { begunWorkflow } from '../support/begun-runs.js';
import { describeWithRedisBinary, privateRedis } from '../support/private-redis.js';
import { useQueues } from '../support/queues.js';
import { sampleJob } from '../support/sample-releases.js';
import { useStore } from '../support/store.js';
import { stepOf } from './workflows/story.js';

const APP = 'a';
const RUN = { queue: 'q', jobId: 'run-0abcdefgh0123456789a' };
const ELEMENTS = 10_000;
/** Nothing that Redis does in one go is about more things than this, however many runs a step has. */
const MOST = 1_100;

/** The most that one command, or one script, was about: its arguments, or the commands that it called. */
async function watched(
  redis: Redis,
  work: () => Promise<void>,
): Promise<{ arguments: number; calls: number }> {
  const most = { arguments: 0, calls: 0 };
  let calls = 0;
  const monitor = await redis.monitor();
  monitor.on('monitor', (_time, args: string[], source: string) => {
    calls = source === 'lua' ? calls + 1 : 0;
    most.calls = Math.max(most.calls, calls);
    most.arguments = Math.max(most.arguments, args.length);
  });
  await work();
  // What was sent before it has been seen when this has.
  await redis.ping();
  monitor.disconnect();
  return most;
}

describeWithRedisBinary(`a fan-out to ${ELEMENTS} runs`, { timeout: 240_000 }, () => {
  test('and its fan-in, or its cancellation, asks Redis for nothing large in one go', async () => {
    const store = useStore((await privateRedis()).url);
    const queues = useQueues(store);
    const steps = [
      stepOf('each', 'job', { each: true }),
      stepOf('sum', 'job', { after: ['each'] }),
      stepOf('again', 'job', { each: true, after: ['sum'] }),
    ];
    let asked: unknown;
    const release: RunningRelease = {
      jobs: new Map([['job', { ...sampleJob, name: 'job', queue: 'q' }]]),
      workflows: new Map([['w', { name: 'w', queue: 'q', payloadSchema: {}, steps }]]),
      evaluate: async ({ step, results }) => {
        if (step === 'sum') asked = results.each;
        const count = step === 'sum' ? 1 : ELEMENTS;
        return { verdict: 'run', payloads: Array.from({ length: count }, (_, i) => String(i)) };
      },
    };
    const ports: WorkflowPorts = {
      app: APP,
      store,
      queues,
      retention: { completedMs: 60_000, failedMs: 60_000 },
      limits: { payloadBytes: 1_000, readBytes: 1_000_000, atOnce: 200 },
      release: () => release,
      unfit: (_run, step) => expect.fail(`step ${step} does not fit`),
    };
    const { redis, keys } = store;
    const most = await watched(redis, async () => {
      await queues.get('q').add('w', {}, { jobId: RUN.jobId });
      await begunWorkflow(store, APP, RUN, { name: 'w', steps });
      await advance(ports, RUN);
      expect(await redis.llen(keys.job('q', 'wait'))).toBe(ELEMENTS + 1);
      for (let from = 0; from < ELEMENTS; from += 1_000)
        await Promise.all(Array.from({ length: 1_000 }, (_, i) => settle(from + i)));
      await advance(ports, RUN);
      await settleStep(
        store,
        APP,
        { queue: 'q', jobId: 'x' },
        { ...RUN, step: 'sum', index: null },
        { kind: 'done', result: 0 },
      );
      await advance(ports, RUN);
      expect(await redis.llen(keys.job('q', 'wait'))).toBe(2 * ELEMENTS + 2);
      await requestCancel(store, RUN, anna);
      await advance(ports, RUN);
    });
    expect(asked).toEqual(Array.from({ length: ELEMENTS }, (_, i) => String(i * 2)));
    expect(await readWorkflow(store, RUN)).toMatchObject({
      stop: 'cancelled',
      steps: { again: { state: 'stopped', cancelled: ELEMENTS } },
    });
    expect(most.arguments).toBeLessThan(MOST);
    expect(most.calls).toBeLessThan(MOST);

    function settle(index: number) {
      const part = { ...RUN, step: 'each', index };
      const run = { queue: 'q', jobId: partRunId(RUN, 'each', index) };
      return settleStep(store, APP, run, part, { kind: 'done', result: index * 2 });
    }
  });
});
