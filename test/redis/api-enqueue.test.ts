import { Queue } from 'bullmq';
import { beforeEach, describe, expect, test } from 'vitest';
import { expectProblem } from '../support/api.js';
import { onEnd } from '../support/lifetime.js';
import { payload, type RunsApi, runs, useRunsApi } from '../support/runs-api.js';

let t: RunsApi;
beforeEach(async () => {
  t = await useRunsApi();
});

describe('asking for a run', () => {
  test('answers where it is to be found', async () => {
    const answer = await t.call('POST', runs, { payload });
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({
      job: 'flights.delays',
      queue: 'reports',
      app: 'reporting',
      state: 'queued',
      heldBy: [],
    });
    const run = await t.call('GET', String(answer.headers.location));
    expect(run.json).toMatchObject({
      id: answer.json.id,
      state: 'queued',
      attempt: 1,
      payload,
      result: null,
      error: null,
      checkpoint: null,
    });
  });

  test('with a delay it is due later, with a priority it waits with those that have one', async () => {
    const delayed = await t.call('POST', runs, { payload, delay: '1h' });
    expect(delayed.json.state).toBe('delayed');
    const run = (await t.call('GET', `/v1/runs/${delayed.json.id}`)).json;
    expect(Date.parse(run.scheduledFor) - Date.parse(run.createdAt)).toBe(3_600_000);
    const first = await t.enqueue({ payload, priority: 5 });
    expect((await t.call('GET', `/v1/runs/${first}`)).json.state).toBe('queued');
    expect(await t.store.redis.zcard(t.store.keys.job('reports', 'prioritized'))).toBe(1);
  });

  test('the same dedupeKey gives the same run, of this job only', async () => {
    const first = await t.call('POST', runs, { payload, dedupeKey: 'day-1' });
    const again = await t.call('POST', runs, { payload, dedupeKey: 'day-1' });
    const other = await t.call('POST', '/v1/jobs/flights.carriers/runs', { payload, dedupeKey: 'day-1' });
    expect(again.json).toMatchObject({ id: first.json.id, created: false });
    expect(first.json.created).toBe(true);
    expect(other.json.id).not.toBe(first.json.id);
    expect(await t.waiting()).toBe(2);
  });

  test('a dedupeKey finds its run whatever has become of it, and what was asked first stands', async () => {
    const ask = async (more: object = {}) =>
      (await t.call('POST', runs, { payload, dedupeKey: 'day-1', ...more })).json;
    const { id } = await ask({ delay: '1h' });
    expect(await ask({ priority: 3 })).toMatchObject({ id, created: false, state: 'delayed' });
    // To start it before: cancelled, it is taken out at once, and queued again it waits for nothing.
    await t.call('POST', `/v1/runs/${id}/cancel`);
    expect(await ask()).toMatchObject({ id, created: false, state: 'cancelled' });
    expect((await t.call('POST', `/v1/runs/${id}/retry`)).json).toMatchObject({ id, state: 'queued' });
    await t.moved(id, 'completed');
    expect(await ask()).toMatchObject({ id, created: false, state: 'completed' });
  });

  test('a dedupeKey finds its run also where the job has had another queue since', async () => {
    const ask = () => t.call('POST', runs, { payload, dedupeKey: 'day-1' });
    const { id } = (await ask()).json;
    await t.release([{ queue: 'other' }]);
    for (let i = 0; i < 2; i++)
      expect((await ask()).json).toMatchObject({ id, queue: 'reports', created: false, state: 'queued' });
    const bulk = await t.call('POST', `${runs}/bulk`, [{ payload }, { payload, dedupeKey: 'day-1' }]);
    expect(bulk.status, bulk.text).toBe(202);
    expect(bulk.json.items).toMatchObject([
      { queue: 'other', created: true },
      { id, queue: 'reports', created: false },
    ]);
    expect(await t.store.redis.llen(t.store.keys.job('other', 'wait'))).toBe(1);
  });

  test('is accepted while a hold stands, and says so', async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const hold = await t.call('POST', '/v1/holds', { app: 'reporting', reason: 'migration', until });
    expect(hold.status).toBe(201);
    expect((await t.call('GET', '/v1/queues')).json.items).toMatchObject([
      { name: 'reports', paused: true, holds: [{ hold: hold.json.id }] },
    ]);
    const answer = await t.call('POST', runs, { payload });
    expect(answer.json.heldBy).toEqual([{ hold: hold.json.id, reason: 'migration', until }]);
    expect((await t.call('GET', `/v1/runs/${answer.json.id}`)).json.heldBy).toHaveLength(1);
    expect((await t.call('DELETE', `/v1/holds/${hold.json.id}`)).status).toBe(204);
    expect((await t.call('GET', `/v1/runs/${answer.json.id}`)).json.heldBy).toEqual([]);
    expect((await t.call('GET', '/v1/queues')).json.items[0].paused).toBe(false);
  });
});

describe('in bulk', () => {
  test('answers in order, and stores what fits', async () => {
    const answer = await t.call('POST', `${runs}/bulk`, [
      { payload },
      { payload: { file: 7 } },
      { payload, delay: '1m' },
    ]);
    expect(answer.status).toBe(202);
    expect(answer.json.items).toMatchObject([
      { state: 'queued' },
      { type: '/problems/invalid-payload', status: 422, errors: [{ pointer: '/1/payload/file' }] },
      { state: 'delayed' },
    ]);
    expect(await t.waiting()).toBe(1);
  });

  test('takes 10,000 and no more', async () => {
    const items = Array.from({ length: 10_000 }, () => ({ payload }));
    const answer = await t.call('POST', `${runs}/bulk`, items);
    expect(answer.status).toBe(202);
    expect(new Set(answer.json.items.map((item: { id: string }) => item.id)).size).toBe(10_000);
    expect(await t.waiting()).toBe(10_000);
    expectProblem(await t.call('POST', `${runs}/bulk`, [...items, items[0]]), 422, 'invalid-body');
    expect(await t.waiting()).toBe(10_000);
  });
});

describe('runs of a plain producer', () => {
  test('are known by queue and number', async () => {
    const queue = new Queue('reports', { connection: t.store.redis as never, prefix: t.store.queuePrefix });
    onEnd(() => queue.close());
    const added = await queue.add('flights.delays', payload);
    const run = await t.call('GET', `/v1/runs/reports~${added.id}`);
    expect(run.json).toMatchObject({
      id: `reports~${added.id}`,
      job: 'flights.delays',
      app: 'reporting',
      payload,
    });
    expect((await t.call('GET', `/v1/runs/${added.id}`)).json.id).toBe(`reports~${added.id}`);
    expect((await t.call('GET', '/v1/runs')).json.items[0].id).toBe(`reports~${added.id}`);
  });

  test('a number that two queues have asks which', async () => {
    await t.release([{ name: 'invoices', queue: 'billing' }], { app: 'billing' });
    for (const name of ['reports', 'billing']) {
      const queue = new Queue(name, { connection: t.store.redis as never, prefix: t.store.queuePrefix });
      await queue.add('x', {});
      await queue.close();
    }
    const answer = await t.call('GET', '/v1/runs/1');
    expectProblem(answer, 409, 'conflict');
    expect(answer.json.detail).toMatch(/billing~1/);
  });
});
