import { beforeEach, describe, expect, test } from 'vitest';
import { taskQueueOf } from '../../src/queue/task-runs.js';
import { expectProblem } from '../support/api.js';
import { payload, type RunsApi, runs, useRunsApi } from '../support/runs-api.js';

let t: RunsApi;
beforeEach(async () => {
  t = await useRunsApi();
});

const park = (choices: string[]) => ({
  outcome: 'parked',
  park: JSON.stringify({ reason: 'it crashed', choices }),
});
const error = { error: JSON.stringify({ name: 'Error', message: 'disk full', stack: 'Error: disk full' }) };
const bulk = (verb: 'retry' | 'cancel', body: object) => t.call('POST', `/v1/runs/${verb}`, body);
const state = async (id: string) => (await t.call('GET', `/v1/runs/${id}`)).json.state;

async function failed(count: number, own: Record<string, string> = error): Promise<string[]> {
  const body = Array.from({ length: count }, () => ({ payload }));
  const { items } = (await t.call('POST', `${runs}/bulk`, body)).json;
  const ids = items.map(({ id }: { id: string }) => id);
  for (const id of ids) await t.moved(id, 'failed', own);
  return ids;
}

describe('dead letters', () => {
  test('are one list, failed and parked over all queues, each with its reason', async () => {
    const [a] = await failed(1);
    const [b] = await failed(1, park(['retry']));
    await t.enqueue();
    const { items } = (await t.call('GET', '/v1/runs?state=failed,parked')).json;
    expect(items.map(({ id }: { id: string }) => id).sort()).toEqual([a, b].sort());
    expect(items.find(({ id }: { id: string }) => id === a).error.message).toBe('disk full');
    expect(items.find(({ id }: { id: string }) => id === b).parked.reason).toBe('it crashed');
    const problem = await t.call('GET', '/v1/runs?state=failed,asleep');
    expectProblem(problem, 400, 'bad-request');
    expect(problem.text).toMatch(/several with commas/);
  });

  test('a thousand are found and queued again in two requests', async () => {
    const ids = await failed(1_000);
    const found = await bulk('retry', { state: 'failed', job: 'flights.delays', dryRun: true });
    expect(found.json).toMatchObject({ dryRun: true, more: false, passed: [] });
    expect(found.json.items).toHaveLength(1_000);
    expect(await state(ids[0]!)).toBe('failed');
    const done = await bulk('retry', { ids });
    expect(done.status, done.text).toBe(200);
    expect(done.json.items).toHaveLength(1_000);
    expect(done.json.items.every((run: { state: string }) => run.state === 'queued')).toBe(true);
    expect(await t.waiting()).toBe(1_000);
    expect((await bulk('retry', { state: 'failed' })).json.items).toEqual([]);
  });

  test('are taken so many at a time, the newest first', async () => {
    await failed(3);
    const some = await bulk('retry', { state: ['failed', 'parked'], limit: 2 });
    expect(some.json).toMatchObject({ more: true, items: [{ state: 'queued' }, { state: 'queued' }] });
    expect((await bulk('retry', { state: 'failed', limit: 2 })).json).toMatchObject({
      more: false,
      items: [{}],
    });
  });

  test('those of whose effect nobody knows, and those of windows, are passed over and named', async () => {
    const [unknown] = await failed(1, park(['retry', 'skip', 'cancel']));
    const { redis, keys } = t.store;
    const queue = taskQueueOf('reporting');
    await redis.hset(keys.queues, queue, 'reporting');
    await redis.hset(
      keys.job(queue, 'win-1-hook-tell-1'),
      'name',
      'flights.delays',
      'timestamp',
      '1',
      'finishedOn',
      '2',
    );
    await redis.zadd(keys.job(queue, 'failed'), 2, 'win-1-hook-tell-1');
    const { items, passed } = (await bulk('retry', { state: ['failed', 'parked'] })).json;
    expect(items).toEqual([]);
    expect(
      Object.fromEntries(passed.map(({ id, code }: { id: string; code: string }) => [id, code])),
    ).toEqual({
      [unknown!]: 'unknown-outcome',
      'win-1-hook-tell-1': 'part-of-window',
    });
    expect(await state(unknown!)).toBe('parked');
  });

  test('what one cannot do is told of it alone', async () => {
    const [a] = await failed(1);
    const waiting = await t.enqueue();
    const { items, passed } = (await bulk('retry', { ids: [a, waiting, 'run-none', a] })).json;
    expect(items).toMatchObject([{ id: a, state: 'queued' }]);
    expect(passed.map(({ id, code }: { id: string; code: string }) => [id, code]).sort()).toEqual(
      [
        [waiting, 'conflict'],
        ['run-none', 'not-found'],
      ].sort(),
    );
  });
});

describe('cancelling many', () => {
  test('takes those that wait, and ends the parking of parked ones', async () => {
    const waiting = [await t.enqueue(), await t.enqueue({ payload, delay: '1h' })];
    const [parked] = await failed(1, park(['retry', 'cancel']));
    const [dead] = await failed(1);
    const { items } = (await bulk('cancel', { state: ['queued', 'delayed', 'parked'] })).json;
    expect(items.map(({ id }: { id: string }) => id).sort()).toEqual([...waiting, parked].sort());
    for (const id of [...waiting, parked!]) expect(await state(id)).toBe('cancelled');
    expect(await state(dead!)).toBe('failed');
    // The one that was delayed need not wait for its hour to be taken out.
    expect(await t.waiting()).toBe(2);
  });

  test('keeps who asked and for what, of a retry there is no such thing', async () => {
    const waiting = await t.enqueue();
    const [parked] = await failed(1, park(['retry', 'cancel']));
    await bulk('cancel', { state: ['queued', 'parked'], reason: 'wrong day' });
    for (const id of [waiting, parked])
      expect((await t.call('GET', `/v1/runs/${id}`)).json.cancelled).toMatchObject({
        by: 'operator',
        reason: 'wrong day',
      });
    const answer = await bulk('retry', { ids: [waiting], reason: 'wrong day' });
    expectProblem(answer, 422, 'invalid-body');
    expect(answer.json.errors[0]).toMatchObject({ pointer: '/reason' });
  });

  test('takes those of one job only', async () => {
    const other = (await t.call('POST', '/v1/jobs/flights.carriers/runs', { payload })).json.id;
    const mine = await t.enqueue();
    const answer = await bulk('cancel', { state: 'queued', job: 'flights.carriers' });
    expect(answer.json.items).toMatchObject([{ id: other, state: 'cancelled' }]);
    expect(await state(mine)).toBe('queued');
  });
});

test.each<[body: object, says: RegExp]>([
  [{}, /say which runs: ids, or state \(failed, parked, cancelled\)/],
  [{ ids: ['a'], state: 'failed' }, /not both/],
  [{ ids: ['a'], dryRun: true }, /nothing to find/],
  [{ state: 'running' }, /failed/],
  [{ state: 'failed', limit: 20_000 }, /10000/],
])('%j is answered with what to change', async (body, says) => {
  const answer = await bulk('retry', body);
  expectProblem(answer, 422, 'invalid-body');
  expect(answer.text).toMatch(says);
});

describe('limits of a queue', () => {
  const put = (body: object, queue = 'reports') => t.call('PUT', `/v1/queues/${queue}`, body);

  test('are set one by one, shown, and taken away', async () => {
    expect((await put({ concurrency: 5 })).json).toMatchObject({
      name: 'reports',
      limits: { concurrency: 5, rate: null },
    });
    expect((await put({ rate: { max: 100, per: '1m' } })).json.limits).toEqual({
      concurrency: 5,
      rate: { max: 100, perMs: 60_000 },
    });
    expect((await t.call('GET', '/v1/queues')).json.items[0].limits.concurrency).toBe(5);
    expect((await put({ concurrency: null, rate: null })).json.limits).toEqual({
      concurrency: null,
      rate: null,
    });
    expect(await t.queues.get('reports').getGlobalConcurrency()).toBeNull();
  });

  test('are refused for a queue that is none, for that of a window, and where nothing is said', async () => {
    expectProblem(await put({ concurrency: 1 }, 'reprots'), 404, 'not-found');
    await t.store.redis.hset(t.store.keys.queues, taskQueueOf('reporting'), 'reporting');
    expectProblem(await put({ concurrency: 1 }, taskQueueOf('reporting')), 409, 'conflict');
    for (const body of [
      {},
      { concurrency: 0 },
      { rate: { max: 1 } },
      { rate: { max: 1, per: '0s' } },
      { speed: 1 },
    ])
      expectProblem(await put(body), 422, 'invalid-body');
  });
});

test('a concurrency key goes with the run', async () => {
  const id = await t.enqueue({ payload, concurrencyKey: 'customer-1' });
  const opts = await t.store.redis.hget(t.store.keys.job('reports', id), 'opts');
  expect(JSON.parse(opts!).slackwater).toMatchObject({ concurrencyKey: 'customer-1' });
});
