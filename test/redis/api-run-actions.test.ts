import { Job } from 'bullmq';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeState } from '../../src/model/state-codec.js';
import { connect } from '../../src/store/redis.js';
import { reopenRun, runRequests } from '../../src/store/run-requests.js';
import { expectProblem } from '../support/api.js';
import { within } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { type RunsApi, useRunsApi } from '../support/runs-api.js';

let t: RunsApi;
beforeEach(async () => {
  t = await useRunsApi();
});

describe('cancelling', () => {
  test('a queued run is cancelled at once, and twice is the same as once', async () => {
    const id = await t.enqueue();
    expect((await t.call('POST', `/v1/runs/${id}/cancel`)).json.state).toBe('cancelled');
    expect((await t.call('POST', `/v1/runs/${id}/cancel`, {})).json.state).toBe('cancelled');
    expect((await t.call('GET', '/v1/runs?state=queued')).json.items).toEqual([]);
    expect((await t.call('GET', '/v1/runs?state=cancelled')).json.items).toHaveLength(1);
    expect((await t.call('POST', `/v1/runs/${id}/retry`)).json.state).toBe('queued');
    expect(await t.waiting()).toBe(1);
  });

  test('it says who asked and for what, whoever asks again, until it goes on', async () => {
    const id = await t.enqueue();
    const by = { 'x-slackwater-actor': 'anna' };
    const cancel = (reason?: string) => t.call('POST', `/v1/runs/${id}/cancel`, { reason }, by);
    const first = (await cancel('the file was the wrong one')).json.cancelled;
    expect(first).toMatchObject({ by: 'anna', reason: 'the file was the wrong one' });
    expect((await cancel()).json.cancelled).toEqual(first);
    expect((await t.call('GET', '/v1/runs?state=cancelled')).json.items[0].cancelled).toEqual(first);
    expectProblem(await cancel(' '), 422, 'invalid-body');
    expect((await t.call('POST', `/v1/runs/${id}/retry`)).json.cancelled).toBeNull();
  });

  test('one that runs says so too, and one that has ended all the same does not', async () => {
    const id = await t.enqueue();
    await t.moved(id, 'active', { startedAt: '1' });
    const asked = (await t.call('POST', `/v1/runs/${id}/cancel`)).json;
    expect(asked).toMatchObject({ state: 'running', cancelled: { by: 'operator', reason: null } });
    await t.store.redis.lrem(t.store.keys.job('reports', 'active'), 1, id);
    await t.moved(id, 'completed');
    expect((await t.call('GET', `/v1/runs/${id}`)).json).toMatchObject({
      state: 'completed',
      cancelled: null,
    });
  });

  test('the hosts are told of a running one', async () => {
    const id = await t.enqueue();
    await t.moved(id, 'active', { startedAt: '1' });
    const subscriber = connect(t.store.options);
    onEnd(() => subscriber.disconnect());
    const heard = new Promise<string>(resolve => subscriber.on('message', (_, text) => resolve(text)));
    await subscriber.subscribe(runRequests(t.store));
    expect((await t.call('POST', `/v1/runs/${id}/cancel`)).json.state).toBe('running');
    expect(JSON.parse(await within(5_000, 'the request', heard))).toEqual({
      cancel: { queue: 'reports', id },
    });
    expect(await t.store.redis.hget(t.store.keys.run('reports', id), 'cancel')).toBe('1');
  });

  test('one that has ended stays as it is', async () => {
    const id = await t.enqueue();
    await t.moved(id, 'completed');
    expectProblem(await t.call('POST', `/v1/runs/${id}/cancel`), 409, 'conflict');
    expect(await t.store.redis.exists(t.store.keys.run('reports', id))).toBe(0);
  });
});

describe('going on', () => {
  const own = {
    state: encodeState({ line: 7 }),
    version: '2',
    bytes: '10',
    savedAt: '1700000000000',
    count: '3',
    failures: '2',
    crashes: '3',
  };
  const park = (choices: string[]) => ({
    outcome: 'parked',
    park: JSON.stringify({ reason: 'it crashed', choices }),
  });
  const fields = (id: string) => t.store.redis.hgetall(t.store.keys.run('reports', id));

  test('a failed run is queued again with its checkpoint and a new budget', async () => {
    const id = await t.enqueue();
    await t.moved(id, 'failed', own);
    const run = (await t.call('POST', `/v1/runs/${id}/retry`)).json;
    expect(run).toMatchObject({
      state: 'queued',
      attempt: 1,
      error: null,
      checkpoint: { version: 2, count: 3 },
    });
    expect(await fields(id)).toMatchObject({ state: own.state });
    expect(await t.store.redis.sismember(t.store.keys.live('reports'), id)).toBe(1);
    expect(await t.waiting()).toBe(1);
    expectProblem(await t.call('POST', `/v1/runs/${id}/retry`), 409, 'conflict');
  });

  test('with restart it forgets what it had done', async () => {
    const id = await t.enqueue();
    await t.moved(id, 'failed', own);
    await t.store.redis.hset(t.store.keys.steps('reports', id), 'load', '{"value":"j1"}');
    const run = (await t.call('POST', `/v1/runs/${id}/retry`, { restart: true })).json;
    expect(run).toMatchObject({ state: 'queued', checkpoint: null });
    expect(await t.store.redis.exists(t.store.keys.steps('reports', id))).toBe(0);
  });

  test('a parked run goes on by one of its choices', async () => {
    const id = await t.enqueue();
    await t.moved(id, 'failed', { ...own, ...park(['retry', 'cancel']) });
    const wrong = await t.call('POST', `/v1/runs/${id}/resume`, { choice: 'skip' });
    expectProblem(wrong, 400, 'bad-request');
    expect(wrong.json.errors).toEqual([{ pointer: '/choice', detail: 'must be one of retry, cancel' }]);
    expectProblem(await t.call('POST', `/v1/runs/${id}/resume`), 400, 'bad-request');
    expect((await t.call('POST', `/v1/runs/${id}/resume`, { choice: 'retry' })).json).toMatchObject({
      state: 'queued',
      parked: null,
    });
    expectProblem(await t.call('POST', `/v1/runs/${id}/resume`, { choice: 'retry' }), 409, 'conflict');
  });

  test('a parked run that cannot be queued again keeps its reason and its choices', async () => {
    const id = await t.enqueue();
    await t.moved(id, 'failed', { ...own, ...park(['retry', 'cancel']) });
    vi.spyOn(Job.prototype, 'retry').mockRejectedValueOnce(new Error('Redis went away'));
    expectProblem(await t.call('POST', `/v1/runs/${id}/resume`, { choice: 'retry' }), 500, 'internal');
    expect((await t.call('GET', `/v1/runs/${id}`)).json).toMatchObject({
      state: 'parked',
      parked: { reason: 'it crashed', choices: ['retry', 'cancel'] },
    });
    const again = await t.call('POST', `/v1/runs/${id}/resume`, { choice: 'retry' });
    expect(again.json).toMatchObject({ state: 'queued', parked: null });
  });

  test('of two who ask at once, the second changes nothing any more', async () => {
    const id = await t.enqueue();
    const address = { queue: 'reports', jobId: id };
    await t.moved(id, 'failed', own);
    expect((await t.call('POST', `/v1/runs/${id}/retry`)).json.state).toBe('queued');
    await t.moved(id, 'active', { startedAt: '1', failures: '1' });
    expect(await reopenRun(t.store, address, true)).toBe(false);
    expect(await fields(id)).toMatchObject({ state: own.state, startedAt: '1', failures: '1' });
  });

  test('cancel ends it', async () => {
    const id = await t.enqueue();
    await t.moved(id, 'failed', park(['retry', 'cancel']));
    expect((await t.call('POST', `/v1/runs/${id}/resume`, { choice: 'cancel' })).json).toMatchObject({
      state: 'cancelled',
      cancelled: { by: 'operator', reason: null },
    });
  });

  test('skip takes an effect of unknown outcome as done', async () => {
    const id = await t.enqueue();
    await t.moved(id, 'failed', { ...own, ...park(['retry', 'skip']) });
    const steps = t.store.keys.steps('reports', id);
    const done = JSON.stringify({ value: encodeState('x') });
    await t.store.redis.hset(steps, { mail: '{"intent":true}', load: done });
    expect((await t.call('POST', `/v1/runs/${id}/resume`, { choice: 'skip' })).json.state).toBe('queued');
    expect(await t.store.redis.hgetall(steps)).toEqual({
      mail: JSON.stringify({ value: encodeState(null) }),
      load: done,
    });
  });
});

describe('what a run keeps', () => {
  test('its checkpoint is shown for people', async () => {
    const id = await t.enqueue();
    expectProblem(await t.call('GET', `/v1/runs/${id}/checkpoint`), 404, 'not-found');
    const state = { at: new Date(0), seen: new Set(['a']), by: new Map([['LAX', 3n]]), none: undefined };
    const own = {
      state: encodeState(state),
      version: '2',
      bytes: '99',
      savedAt: '1700000000000',
      count: '4',
      startedAt: '1',
    };
    await t.moved(id, 'active', own);
    const { json } = await t.call('GET', `/v1/runs/${id}/checkpoint`);
    expect(json).toMatchObject({ version: 2, bytes: 99, count: 4, savedAt: '2023-11-14T22:13:20.000Z' });
    expect(json.state).toEqual({ at: '1970-01-01T00:00:00.000Z', seen: ['a'], by: { LAX: '3' }, none: null });
  });

  test('its log is read in pages', async () => {
    const id = await t.enqueue();
    await t.store.redis.rpush(t.store.keys.logs('reports', id), 'a', 'b', 'c');
    const first = (await t.call('GET', `/v1/runs/${id}/logs?limit=2`)).json;
    expect(first.items).toEqual(['a', 'b']);
    const second = (await t.call('GET', `/v1/runs/${id}/logs?cursor=${first.nextCursor}`)).json;
    expect(second).toEqual({ items: ['c'], nextCursor: null });
  });
});
