import { beforeEach } from 'vitest';
import type { StepRuns } from '../../../src/model/kept-workflow.js';
import type { StepManifest } from '../../../src/model/workflow.js';
import { takeDue } from '../../../src/store/agenda.js';
import { startRun } from '../../../src/store/runs.js';
import { beginWorkflow } from '../../../src/store/workflows/begin.js';
import { expandStep } from '../../../src/store/workflows/expand.js';
import { readWorkflow } from '../../../src/store/workflows/look.js';
import { settleStep } from '../../../src/store/workflows/settle.js';
import { type TestStore, useStore } from '../../support/store.js';

export const APP = 'a';
export const RUN = { queue: 'q', jobId: 'run-1', token: 't1' };
export const RUNS: StepRuns = { job: 'job', queue: 'q', attempts: null, backoff: null, timeoutMs: null };
export const WHY = { name: 'Error', message: 'no such file', stack: '' };
export const BY = { release: 'r', host: 'h', app: APP, crashed: false, crashLimit: 3, lockMs: 60_000 };

/** Of the test that runs. */
export let store: TestStore;

export const useWorkflow = (): void =>
  beforeEach(() => {
    store = useStore();
  });

/** A claimed run: its job, its lock, its fence. */
export async function claim(jobId = 'run-1', token = 't1') {
  const { redis, keys } = store;
  await redis.hset(keys.job('q', jobId), 'name', 'w', 'data', '{}', 'timestamp', 1);
  await redis.set(keys.lock('q', jobId), token, 'PX', 60_000);
  const started = await startRun(store, { queue: 'q', jobId, token }, BY);
  if (started.kind === 'lost') throw new Error('lost');
  return { queue: 'q', jobId, token, fence: started.fence };
}

export async function begin(...steps: StepManifest[]) {
  const right = await claim();
  await beginWorkflow(store, right, { app: APP, graph: { name: 'w', steps }, priority: 0 });
  return right;
}

export const states = async () =>
  Object.entries((await readWorkflow(store, RUN))!.steps)
    .map(([name, { state }]) => `${name} ${state}`)
    .join(', ');
export const expand = (step: string, count = 1) =>
  expandStep(store, APP, RUN, step, {
    kind: 'run',
    payloads: Array.from({ length: count }, (_, i) => String(i)),
    runs: RUNS,
  });
export const part = (step: string, index: number | null = null) => ({
  queue: 'q',
  jobId: 'run-1',
  step,
  index,
});
type How = 'done' | 'failed' | 'cancelled';
export const settled = (step: string, index: number | null = null, how: How = 'done') =>
  settleStep(
    store,
    APP,
    { queue: 'q', jobId: `part-${step}-${index}` },
    part(step, index),
    how === 'done'
      ? { kind: 'done', result: { of: step } }
      : { kind: how, run: `part-${step}-${index}`, error: WHY },
  );
export const settle = async (...of: Parameters<typeof settled>) => (await settled(...of)).kind;
export const due = async () => (await takeDue(store, APP, 10)).map(({ jobId }) => jobId);
/** All that is due later is due now. */
export const passTime = async () => {
  const { redis, keys } = store;
  for (const member of await redis.zrange(keys.agenda(APP), '0', '-1'))
    await redis.zadd(keys.agenda(APP), '0', member);
};
