import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Run } from '../../src/model/run.js';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';
import { startProduct } from './support/product.js';

const JOBS = `
import { defineJob, defineWorkflow } from 'slackwater';
import * as z from 'zod';
const tell = defineJob({ name: 'tell', run: (ctx, payload) => ({ payload, due: ctx.scheduledFor }) });
export const hourly = defineWorkflow({
  name: 'hourly',
  payload: z.object({ of: z.string() }),
  schedule: { cron: '0 0 1 1 *', payload: { of: 'a schedule' } },
})
  .step('first', tell, { payload: ({ payload, scheduledFor }) => ({ of: payload.of, scheduledFor }) })
  .step('each', tell, { after: ['first'], each: ({ results, scheduledFor }) => [results.first.due === scheduledFor] });
`;

test('a schedule asks for runs of a workflow, and its steps know for which instant', async () => {
  const product = await startProduct({ workers: 1 });
  const jobs = tempDir('workflow-schedule');
  mkdirSync(join(jobs, 'jobs'));
  writeFileSync(join(jobs, 'jobs', 'hourly.ts'), JOBS);
  await product.deploy(join(jobs, 'jobs'));
  const { client } = product;
  await eventually(async () => (await client.list('/v1/schedules')).length === 1, { what: 'its schedule' });

  await client.post('/v1/schedules/hourly/fire');
  const run = await eventually(async () => (await client.list<Run>('/v1/runs', { job: 'hourly' }))[0], {
    what: 'a run',
  });
  const [ended] = await product.all([run!.id], ['completed']);
  expect(ended!.result).toEqual({ each: 1 });
  const due = ended!.scheduledFor;
  expect(due).not.toBeNull();
  const [first] = await product.all(ended!.steps![0]!.ids, ['completed']);
  expect(first).toMatchObject({
    scheduledFor: due,
    payload: { of: 'a schedule', scheduledFor: due },
    result: { due },
  });
  const [each] = await product.all(ended!.steps![1]!.ids, ['completed']);
  expect(each).toMatchObject({ payload: true, result: { payload: true, due } });
});
