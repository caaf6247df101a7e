import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { HostStatus } from '../../src/model/intent.js';
import type { WindowPlan } from '../../src/model/window-plan.js';
import { eventually } from '../support/eventually.js';
import { runCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { type Product, startProduct } from './support/product.js';

/** Waits for a signal between its first step and the others. */
const flow = ({ payload = 'z.object({ day: z.string() })', steps = '', marker = '' }) => `
import { defineJob, defineWorkflow } from 'slackwater';
import * as z from 'zod';
const say = defineJob({ name: 'say', run: (_, payload) => ({ payload, marker: '${marker}' }) });
export const gated = defineWorkflow({ name: 'gated', payload: ${payload} })
  .step('first', say)
  .signal('go', { after: ['first'] })
  ${steps};
`;
const LAST = `.step('last', say, { after: ['go'], payload: ({ results }) => results.go })`;

let folders = 0;
const parent = tempDir('workflow-refusal');
function folder(code: string): string {
  const jobs = join(parent, `v${++folders}`);
  mkdirSync(jobs);
  writeFileSync(join(jobs, 'flow.ts'), code);
  return jobs;
}

/** A run that waits for its signal. */
async function begin(product: Product): Promise<string> {
  const { id } = await product.client.post<{ id: string }>('/v1/workflows/gated/runs', {
    payload: { day: 'monday' },
  });
  await eventually(async () => (await product.run(id)).steps?.[1]?.state === 'running', {
    what: 'a step that waits for a signal',
  });
  return id;
}

test('a release that a workflow run cannot go on with is refused, with run and step; one that it can go on with takes it over', async () => {
  const product = await startProduct({ workers: 1 });
  const v1 = await product.deploy(folder(flow({ steps: LAST, marker: 'one' })));
  const run = await begin(product);

  // The step to come is gone.
  const without = folder(flow({}));
  const refused = await product.push(without);
  const plan = await product.client.post<WindowPlan>(
    '/v1/windows',
    { release: refused, reason: 'a test' },
    { query: { dryRun: 'true' } },
  );
  const misfit = {
    run,
    job: 'gated',
    queue: 'default',
    step: 'last',
    message: expect.stringContaining('not in the release any more'),
  };
  expect(plan.refusals).toMatchObject([misfit]);

  const check = await runCli(['release', 'check', '--jobs', without, '--app', 'ledger'], {
    env: { SLACKWATER_URL: product.client.url },
  });
  expect(check.code, check.stderr).toBe(1);
  expect(check.stdout).toMatch(
    new RegExp(
      `cannot go on with 1 of 1 live workflow run\\n\\n +✗ gated +${run}\\n +step last: it is not in the release any more`,
    ),
  );

  const window = await product.endedAs((await product.open(refused)).id, 'refused');
  expect(window.phases.map(({ phase }) => phase)).toEqual(['scheduled', 'preparing', 'done']);
  expect(window.refusals).toMatchObject([misfit]);
  expect(window.summary).toContain(
    `workflow run ${run} (gated) cannot go on at step last: it is not in the release any more`,
  );

  // Its payload is one that the new code does not take.
  const strict = await product.push(
    folder(flow({ payload: 'z.object({ day: z.iso.date() })', steps: LAST })),
  );
  const second = await product.endedAs((await product.open(strict)).id, 'refused');
  expect(second.refusals).toMatchObject([{ run, step: null, message: expect.stringContaining('/day') }]);

  // A new step beside it, and other code.
  const extra = `${LAST}.step('extra', say, { after: ['first'] })`;
  const v2 = await product.deploy(folder(flow({ steps: extra, marker: 'two' })));
  expect(v2).not.toBe(v1);
  await product.client.post(`/v1/runs/${run}/signals/go`, { payload: { by: 'anna' } });
  const [ended] = await product.all([run], ['completed']);
  expect(ended!.result).toEqual({ last: { payload: { by: 'anna' }, marker: 'two' } });
});

test('after a rollback a step that the former release does not have waits for one that has it', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy(folder(flow({ steps: LAST, marker: 'one' })));
  const more = `${LAST}.step('extra', say, { after: ['go'] })`;
  const newer = await product.push(folder(flow({ steps: more, marker: 'two' })));
  const window = await product.open(newer, { watch: { duration: '10m', minRuns: 1_000 } });
  await product.phase(window.id, 'watching');
  const run = await begin(product);
  await product.client.post(`/v1/windows/${window.id}/abort`);
  await product.endedAs(window.id, 'rolled-back');

  await product.client.post(`/v1/runs/${run}/signals/go`, { payload: 1 });
  const stepsOf = async () =>
    (await product.run(run)).steps!.slice(2).map(({ name, state }) => `${name} ${state}`);
  await eventually(async () => (await stepsOf())[0] === 'last done', {
    what: 'the step that the former release has',
  });
  expect(await stepsOf()).toEqual(['last done', 'extra ready']);
  expect((await product.run(run)).steps![3]!.unfit).toContain('not in the release any more');

  await product.deploy(folder(flow({ steps: more, marker: 'three' })));
  const [ended] = await product.all([run], ['completed']);
  expect(ended!.result).toMatchObject({ last: { marker: 'one' }, extra: { marker: 'three' } });
});

test('a run that begins after the proof is proven as it begins', async () => {
  const product = await startProduct({ workers: 1 });
  await product.deploy(folder(flow({ steps: LAST })));
  const without = await product.push(folder(flow({})));
  const go = product.signal();
  const command = ['sh', '-c', `until test -e ${go.path}; do sleep 0.05; done`];
  const window = await product.open(without, { hooks: [{ name: 'wait', when: 'before', command }] });
  const proof = async () => {
    const [host] = await product.client.list<HostStatus>('/v1/hosts');
    const { standby, proof } = host!.apps.ledger!;
    return standby?.release === without ? proof : null;
  };
  await eventually(async () => (await proof())?.done, { what: 'the end of the proof' });
  expect(await proof()).toMatchObject({ checkpoints: 0, refused: 0 });

  const run = await begin(product);
  go.open();
  const { refusals } = await product.endedAs(window.id, 'refused');
  expect(refusals).toMatchObject([{ run, step: 'last' }]);
  await product.client.post(`/v1/runs/${run}/signals/go`, { payload: 1 });
  await product.all([run], ['completed']);
});

test('a run that a person has retried, and that no host has claimed yet, is proven too', async () => {
  const product = await startProduct({ workers: 1 });
  const fails = `.step('fails', defineJob({ name: 'fails', run: () => { throw new Error('no') } }), { after: ['first'] })`;
  await product.deploy(folder(flow({ steps: `${LAST}${fails}` })));
  const { id: run } = await product.client.post<{ id: string }>('/v1/workflows/gated/runs', {
    payload: { day: 'monday' },
  });
  await product.all([run], ['failed']);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await product.client.post('/v1/holds', { reason: 'a test', queues: ['default'], until });
  await product.client.post(`/v1/runs/${run}/retry`);

  const without = await product.push(folder(flow({ steps: fails })));
  const { refusals } = await product.endedAs((await product.open(without)).id, 'refused');
  expect(refusals).toMatchObject([{ run, step: 'last' }]);
  const { redis, keys } = product.store;
  expect(await redis.lrange(keys.job('default', 'wait'), 0, -1)).toEqual([run]);
});
