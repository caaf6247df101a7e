import { beforeEach, describe, expect, test } from 'vitest';
import { beginWait, expandStep } from '../../src/store/workflows/expand.js';
import { readWorkflow } from '../../src/store/workflows/look.js';
import { expectProblem, type TestApi, useApi } from '../support/api.js';
import { begunWorkflow } from '../support/begun-runs.js';
import { sampleStep } from '../support/sample-workflows.js';

const APP = 'reporting';
const signal = { kind: 'signal', runs: null } as const;
const steps = [
  sampleStep('extract', { runs: 'flights.delays', each: true }),
  sampleStep('approve', { ...signal, signalSchema: { type: 'object', required: ['by'] } }),
  sampleStep('late', { ...signal, after: ['approve'], signalSchema: {} }),
];
const gated = { name: 'gated', queue: 'gates', payloadSchema: {}, steps };

let t: TestApi;
let id: string;
const address = () => ({ queue: 'gates', jobId: id });
const signals = (name: string, run = id) => `/v1/runs/${run}/signals/${name}`;
const payload = { by: 'anna' };

beforeEach(async () => {
  t = await useApi();
  await t.release([{}], { workflows: [gated] });
  id = (await t.call('POST', '/v1/workflows/gated/runs', {})).json.id;
});

const begin = () => begunWorkflow(t.store, APP, address(), gated);

describe('a signal', () => {
  test('is taken by a step that waits for it, once', async () => {
    await begin();
    await beginWait(t.store, APP, address(), 'approve', { ms: null });
    const answer = await t.call('POST', signals('approve'), { payload });
    expect(answer.status, answer.text).toBe(202);
    expect(answer.json).toEqual({ run: id, signal: 'approve', taken: true });
    const again = await t.call('POST', signals('approve'), { payload });
    expectProblem(again, 409, 'conflict');
    expect(again.json.detail).toContain('the first counts');
    expect((await t.call('GET', `/v1/runs/${id}`)).json.steps).toMatchObject([
      {},
      { name: 'approve', state: 'done', signalled: true },
      { name: 'late', state: 'ready' },
    ]);
  });

  test('that comes early is kept, also before the run has begun', async () => {
    expect((await t.call('POST', signals('approve'), { payload })).json.taken).toBe(false);
    await begin();
    expect((await t.call('POST', signals('late'))).json).toEqual({ run: id, signal: 'late', taken: false });
    const { steps } = (await readWorkflow(t.store, address()))!;
    expect([steps.approve!.signalled, steps.late!.signalled]).toEqual([true, true]);
  });

  test('is checked by its schema, and nothing is kept of one that does not fit', async () => {
    const answer = await t.call('POST', signals('approve'), { payload: {} });
    expectProblem(answer, 422, 'invalid-payload');
    expect(answer.json.errors).toEqual([{ pointer: '/payload/by', detail: 'is missing' }]);
    expect((await t.call('POST', signals('approve'), { payload })).status).toBe(202);
  });

  test.each([
    ['aprove', 404, 'not-found', 'did you mean approve?'],
    ['extract', 404, 'not-found', 'it has approve, late'],
  ] as const)('that the run does not have is told (%s)', async (name, status, type, detail) => {
    const answer = await t.call('POST', signals(name), { payload });
    expectProblem(answer, status, type);
    expect(answer.json.detail).toContain(detail);
  });

  test('is for workflow runs, and for those that are there', async () => {
    const plain = (await t.call('POST', '/v1/jobs/flights.delays/runs', { payload: { file: 'a' } })).json.id;
    const answer = await t.call('POST', signals('approve', plain), { payload });
    expectProblem(answer, 409, 'conflict');
    expect(answer.json.detail).toContain('signals are for runs of workflows');
    expectProblem(await t.call('POST', signals('approve', 'run-none'), { payload }), 404, 'not-found');
  });
});

test('a workflow run shows its steps with their counts and runs', async () => {
  expect((await t.call('GET', `/v1/runs/${id}`)).json.steps).toBeUndefined();
  await begin();
  await expandStep(t.store, APP, address(), 'extract', {
    kind: 'run',
    payloads: ['1', '2', '3'],
    runs: { job: 'flights.delays', queue: 'reports', attempts: null, backoff: null, timeoutMs: null },
  });
  const { steps } = (await t.call('GET', `/v1/runs/${id}`)).json;
  expect(steps[0]).toMatchObject({
    name: 'extract',
    runs: 'flights.delays',
    state: 'expanded',
    counts: { total: 3, done: 0, failed: 0, cancelled: 0, left: 3 },
    ids: [],
    settledAt: null,
  });
  await t.store.redis.hset(t.store.keys.workflow('gates', id), 'q:extract', 2, 's:extract', 'running');
  expect((await t.call('GET', `/v1/runs/${id}`)).json.steps[0].ids).toEqual([
    `${id}@extract,0`,
    `${id}@extract,1`,
  ]);
});

test('a step that the release which runs cannot begin says why', async () => {
  await begin();
  const told = async () =>
    (await t.call('GET', `/v1/runs/${id}`)).json.steps.map(({ unfit }: { unfit?: string }) => unfit);
  expect(await told()).toEqual([undefined, undefined, undefined]);
  await t.release([{}], { workflows: [{ ...gated, steps: steps.slice(1) }] });
  expect(await told()).toEqual([
    expect.stringContaining('not in the release any more'),
    undefined,
    undefined,
  ]);
});
