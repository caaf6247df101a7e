import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { begunWorkflow } from '../support/begun-runs.js';
import { eventually } from '../support/eventually.js';
import { useQueues } from '../support/queues.js';
import { sampleStep } from '../support/sample-workflows.js';
import { tempDir } from '../support/temp-dir.js';
import { startProduct } from './support/product.js';

const FLOW = `
import { defineJob, defineWorkflow } from 'slackwater';
import * as z from 'zod';
const say = defineJob({ name: 'say', run: () => 1 });
export const inner = defineWorkflow({ name: 'inner', payload: z.object({}) }).step('first', say);
`;

test('of a workflow run that is settled as part of another before it is claimed nothing stays for good', async () => {
  const product = await startProduct({ workers: 1 });
  const jobs = tempDir('workflow-settled');
  writeFileSync(join(jobs, 'flow.ts'), FLOW);
  await product.deploy(jobs);

  // A person has retried the workflow that it is part of, and that has stopped again before this one's turn.
  const { redis, keys } = product.store;
  const whole = { queue: 'default', jobId: 'run-0abcdefgh0123456789a' };
  const run = { queue: 'default', jobId: `${whole.jobId}@inner` };
  const kept = keys.workflow(run.queue, run.jobId);
  await begunWorkflow(product.store, 'another', run, { name: 'inner', steps: [sampleStep('first')] });
  await redis.del(keys.lock(run.queue, run.jobId), keys.liveWorkflows(run.queue));
  await redis.sadd(keys.reopenedWorkflows(run.queue), run.jobId);
  await redis.hset(keys.workflowResults(whole.queue, whole.jobId), 'inner', '~0');
  expect(await redis.pttl(kept)).toBe(-1);
  const part = { ...whole, step: 'inner', index: null };
  await useQueues(product.store)
    .get(run.queue)
    .add('inner', {}, { jobId: run.jobId, slackwater: { part } } as never);

  await eventually(async () => (await redis.exists(keys.reopenedWorkflows(run.queue))) === 0, {
    what: 'the end of a run that had been settled',
  });
  expect(await redis.pttl(kept)).toBeGreaterThan(0);
});
