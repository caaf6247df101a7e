import { beforeEach, describe, expect, test } from 'vitest';
import type { StepManifest, WorkflowManifest } from '../../src/model/workflow.js';
import { expectProblem, manifestOf, type TestApi, useApi } from '../support/api.js';
import { sampleStep } from '../support/sample-workflows.js';

const nightly: WorkflowManifest = {
  name: 'nightly',
  queue: 'nights',
  payloadSchema: { type: 'object', properties: { day: { type: 'string' } }, required: ['day'] },
  steps: [
    sampleStep('extract', { runs: 'flights.delays' }),
    sampleStep('approve', { kind: 'signal', runs: null, after: ['extract'], signalSchema: {} }),
  ],
};

let t: TestApi;
const release = (workflows: WorkflowManifest[]) => t.release([{}], { workflows });

beforeEach(async () => {
  t = await useApi();
});

describe('workflows', () => {
  test('are those of the current releases, with their graphs', async () => {
    const { id } = await release([nightly]);
    const { json } = await t.call('GET', '/v1/workflows');
    expect(json).toEqual({ items: [{ ...nightly, app: 'reporting', release: id }], nextCursor: null });
    expect((await t.call('GET', '/v1/workflows/nightly')).json).toEqual(json.items[0]);
    expect((await t.call('GET', `/v1/releases/${id}`)).json.workflows).toEqual([nightly]);
  });

  test('that are not there are told with those that are near, or with the release that has them', async () => {
    await release([nightly]);
    const near = await t.call('GET', '/v1/workflows/nigthly');
    expectProblem(near, 404, 'not-found');
    expect(near.json.detail).toBe('there is no workflow "nigthly": did you mean nightly?');
    // A job is no workflow.
    expectProblem(await t.call('GET', '/v1/workflows/flights.delays'), 404, 'not-found');
    const weekly = { ...nightly, name: 'weekly', queue: 'weeks' };
    await t.release([{ queue: 'weeks' }], { workflows: [weekly], current: false, app: 'other' });
    expect((await t.call('GET', '/v1/workflows/weekly')).json.detail).toMatch(
      /^workflow weekly is in release .* of app other/,
    );
  });
});

describe.each(['/v1/workflows/nightly/runs', '/v1/jobs/nightly/runs'])('POST %s', runs => {
  test('takes no concurrency key: it computes nothing itself', async () => {
    await release([nightly]);
    const asked = { payload: { day: 'monday' }, concurrencyKey: 'k' };
    const answer = await t.call('POST', runs, asked);
    expectProblem(answer, 422, 'invalid-body');
    expect(answer.json.errors).toMatchObject([{ pointer: '/concurrencyKey' }]);
    const bulk = await t.call('POST', '/v1/jobs/nightly/runs/bulk', [asked, { payload: asked.payload }]);
    expect(bulk.json.items).toMatchObject([
      { errors: [{ pointer: '/0/concurrencyKey' }] },
      { created: true },
    ]);
  });

  test('asks for a run, in the queue of the workflow', async () => {
    await release([nightly]);
    const answer = await t.call('POST', runs, { payload: { day: 'monday' }, dedupeKey: 'monday' });
    expect(answer.status, answer.text).toBe(202);
    expect(answer.json).toMatchObject({
      job: 'nightly',
      queue: 'nights',
      app: 'reporting',
      state: 'queued',
      created: true,
    });
    const run = await t.call('GET', String(answer.headers.location));
    expect(run.json).toMatchObject({ id: answer.json.id, job: 'nightly', payload: { day: 'monday' } });
    const again = await t.call('POST', runs, { payload: { day: 'monday' }, dedupeKey: 'monday' });
    expect(again.json).toMatchObject({ id: answer.json.id, created: false });
  });

  test('refuses a payload that does not fit', async () => {
    await release([nightly]);
    const answer = await t.call('POST', runs, { payload: {} });
    expectProblem(answer, 422, 'invalid-payload');
    expect(answer.json).toMatchObject({
      detail: expect.stringContaining('the payload does not fit workflow nightly'),
      errors: [{ pointer: '/payload/day', detail: 'is missing' }],
    });
  });
});

describe('a manifest', () => {
  const push = async (workflow: Partial<WorkflowManifest>, jobs: string[] = ['flights.delays']) => {
    const { manifest, content } = manifestOf(
      'reporting',
      jobs.map(name => ({ name })),
      [{ ...nightly, ...workflow }],
    );
    await t.call('PUT', `/v1/blobs/${manifest.files[0]!.sha256}`, content, {
      'content-type': 'application/octet-stream',
    });
    return t.call('POST', '/v1/releases', manifest);
  };
  const steps = (...given: StepManifest[]) => ({ steps: given });

  test.each([
    ['a job of the same name', { name: 'flights.delays' }, '/workflows/0/name', 'is the name of a job too'],
    [
      'a step that runs what is not there',
      steps(sampleStep('a', { runs: 'gone' })),
      '/workflows/0/steps/0/runs',
      'must be the name of a job of this release',
    ],
    [
      'a step after one that comes later',
      steps(sampleStep('a', { runs: 'flights.delays', after: ['b'] })),
      '/workflows/0/steps/0/after',
      '"b" is no step before it',
    ],
    [
      'a workflow in itself',
      steps(sampleStep('a', { kind: 'workflow', runs: 'nightly' })),
      '/workflows/0/steps',
      'would never end',
    ],
    [
      'a doubled step',
      steps(sampleStep('a', { runs: 'flights.delays' }), sampleStep('a', { runs: 'flights.delays' })),
      '/workflows/0/steps/1/name',
      'stands there twice',
    ],
    [
      'a schema that is none',
      { payloadSchema: { type: 'nothing' } },
      '/workflows/0/payloadSchema',
      'is no JSON Schema',
    ],
  ])('is refused with %s', async (_what, workflow, pointer, detail) => {
    const answer = await push(workflow);
    expectProblem(answer, 422, 'invalid-manifest');
    expect(answer.json.errors).toEqual([{ pointer, detail: expect.stringContaining(detail) }]);
  });

  test('gives the queue of a workflow to its app', async () => {
    expect((await push({})).status).toBe(201);
    expect(await t.store.redis.hget(t.store.keys.queues, 'nights')).toBe('reporting');
    await t.release([{ name: 'a', queue: 'mine' }], { app: 'other' });
    const taken = await push({ queue: 'mine' });
    expectProblem(taken, 409, 'conflict');
    expect(taken.json.errors).toEqual([{ pointer: '/workflows/0/queue', detail: 'belongs to app other' }]);
  });
});
