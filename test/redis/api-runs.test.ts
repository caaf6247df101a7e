import { Job, Queue } from 'bullmq';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeState } from '../../src/model/state-codec.js';
import { connect } from '../../src/store/redis.js';
import { reopenRun, runRequests } from '../../src/store/run-requests.js';
import { endTurn, renewTurn, type Turn, takeTurn, UNDER_WAY_MS } from '../../src/store/turns.js';
import { expectProblem, type TestApi, useApi } from '../support/api.js';
import { within } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';

const runs = '/v1/jobs/flights.delays/runs';
const payload = { file: 'flights.csv' };
let t: TestApi;

beforeEach(async () => {
  t = await useApi();
  await t.release([{}, { name: 'flights.carriers' }]);
});

const enqueue = async (body: object = { payload }, headers = {}): Promise<string> => {
  const answer = await t.call('POST', runs, body, headers);
  expect(answer.status, answer.text).toBe(202);
  return answer.json.id;
};
const waiting = () => t.store.redis.llen(t.store.keys.job('reports', 'wait'));

async function turnOf(key: string, request: string): Promise<Turn> {
  const taken = await takeTurn(t.store, key, request);
  if ('turn' in taken) return taken.turn;
  throw new Error(`the key ${key} is taken`);
}

/** Puts a run where a host would: out of the waiting list, into `place`, with fields of its own. */
async function moved(id: string, place: 'active' | 'completed' | 'failed', own: Record<string, string> = {}) {
  const { redis, keys } = t.store;
  await redis.lrem(keys.job('reports', 'wait'), 1, id);
  if (place === 'active') await redis.lpush(keys.job('reports', 'active'), id);
  else {
    const now = Date.now();
    await redis.zadd(keys.job('reports', place), now, id);
    const end = place === 'completed' ? ['returnvalue', '{"ok":true}'] : ['failedReason', 'no such file'];
    await redis.hset(keys.job('reports', id), 'processedOn', now, 'finishedOn', now, ...end);
  }
  if (Object.keys(own).length > 0) await redis.hset(keys.run('reports', id), own);
}

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
    const first = await enqueue({ payload, priority: 5 });
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
    expect(await waiting()).toBe(2);
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
    expect(await waiting()).toBe(1);
  });

  test('takes 10,000 and no more', async () => {
    const items = Array.from({ length: 10_000 }, () => ({ payload }));
    const answer = await t.call('POST', `${runs}/bulk`, items);
    expect(answer.status).toBe(202);
    expect(new Set(answer.json.items.map((item: { id: string }) => item.id)).size).toBe(10_000);
    expect(await waiting()).toBe(10_000);
    expectProblem(await t.call('POST', `${runs}/bulk`, [...items, items[0]]), 422, 'invalid-body');
    expect(await waiting()).toBe(10_000);
  });
});

describe('Idempotency-Key', () => {
  test('the same request gets the same answer and stores nothing more', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    const first = await t.call('POST', runs, { payload, priority: 0 }, headers);
    const again = await t.call('POST', runs, '{"priority": 0,  "payload": {"file": "flights.csv"}}', {
      ...headers,
      'content-type': 'application/json',
    });
    expect(again.status).toBe(202);
    expect(again.json).toEqual(first.json);
    expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true', location: first.headers.location });
    expect(await waiting()).toBe(1);
  });

  test('another request with that key is refused', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    await enqueue({ payload }, headers);
    expectProblem(await t.call('POST', runs, { payload: { file: 'b' } }, headers), 422, 'key-reused');
    expectProblem(
      await t.call('POST', '/v1/jobs/flights.carriers/runs', { payload }, headers),
      422,
      'key-reused',
    );
  });

  test('a request that failed may be tried again with its key', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    expectProblem(await t.call('POST', '/v1/jobs/flights.new/runs', { payload }, headers), 404, 'not-found');
    await t.release([{}, { name: 'flights.new' }]);
    expect((await t.call('POST', '/v1/jobs/flights.new/runs', { payload }, headers)).status).toBe(202);
  });

  test('of many at once only one does the work', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => t.call('POST', runs, { payload }, headers)),
    );
    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
    expect(await waiting()).toBe(1);
  });

  test('a turn lasts while its server says so, and is soon over where that has died', async () => {
    const turn = await turnOf('order-17', 'a');
    const { redis, keys } = t.store;
    const key = keys.idempotency('order-17');
    expect(await redis.pttl(key)).toBeLessThanOrEqual(UNDER_WAY_MS);
    await redis.pexpire(key, 2_000);
    expect(await renewTurn(t.store, turn)).toBe(true);
    expect(await redis.pttl(key)).toBeGreaterThan(2_000);
    await redis.del(key);
    await turnOf('order-17', 'a');
    expect(await renewTurn(t.store, turn)).toBe(false);
  });

  test('a request that took longer than its turn leaves alone who has the key by then', async () => {
    const slow = await turnOf('order-17', 'a');
    await t.store.redis.del(t.store.keys.idempotency('order-17'));
    const next = await turnOf('order-17', 'a');
    const answer = { status: 202, body: '{}', headers: {} };
    expect(await endTurn(t.store, slow)).toBe(false);
    expect(await endTurn(t.store, slow, answer)).toBe(false);
    expect(await takeTurn(t.store, 'order-17', 'a')).not.toHaveProperty('kept.answer');
    expect(await endTurn(t.store, next, answer)).toBe(true);
    expect(await takeTurn(t.store, 'order-17', 'a')).toEqual({ kept: { request: 'a', answer } });
  });

  test('the answer of a request that took longer than its turn is kept where nobody else took one', async () => {
    const slow = await turnOf('order-17', 'a');
    await t.store.redis.del(t.store.keys.idempotency('order-17'));
    expect(await endTurn(t.store, slow, { status: 202, body: '{}', headers: {} })).toBe(true);
    expect(await takeTurn(t.store, 'order-17', 'a')).toHaveProperty('kept.answer.status', 202);
  });

  test('a server that died before it kept its answer does not double the runs', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    const first = await enqueue({ payload }, headers);
    await t.store.redis.del(t.store.keys.idempotency('order-17'));
    expect(await enqueue({ payload }, headers)).toBe(first);
    expect(await waiting()).toBe(1);
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

describe('states', () => {
  test.each([
    ['running', 'active', { startedAt: '1700000000000', host: 'host-1', release: 'abc' }],
    ['yielded', 'active', { startedAt: '1700000000000', yielded: '1' }],
    ['queued', 'active', {}],
    ['completed', 'completed', { startedAt: '1700000000000', failures: '2' }],
    ['failed', 'failed', { error: '{"name":"TypeError","message":"no","stack":"s"}' }],
    ['cancelled', 'failed', { outcome: 'cancelled' }],
    [
      'parked',
      'failed',
      { outcome: 'parked', park: '{"reason":"crashed 3 times","choices":["retry","cancel"]}' },
    ],
  ] as const)('%s', async (state, place, own) => {
    const id = await enqueue();
    await moved(id, place, own);
    const run = (await t.call('GET', `/v1/runs/${id}`)).json;
    expect(run.state).toBe(state);
    expect((await t.call('GET', `/v1/runs?state=${state}`)).json.items).toEqual([run]);
    if (state === 'completed') expect(run).toMatchObject({ result: { ok: true }, attempt: 3, error: null });
    if (state === 'failed') expect(run.error).toEqual({ name: 'TypeError', message: 'no', stack: 's' });
    if (state === 'parked')
      expect(run.parked).toEqual({ reason: 'crashed 3 times', choices: ['retry', 'cancel'] });
  });
});

describe('lists', () => {
  const all = async (query: string): Promise<string[]> => {
    const ids: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 200; pages++) {
      const { json, status, text } = await t.call('GET', `/v1/runs?${query}${cursor && `&cursor=${cursor}`}`);
      expect(status, text).toBe(200);
      ids.push(...json.items.map((run: { id: string }) => run.id));
      if (json.nextCursor === null) return ids;
      cursor = json.nextCursor;
    }
    throw new Error('the list does not end');
  };

  test('pages hold every run once, those at work first and those that start next before others', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push(await enqueue());
    const delayed = await enqueue({ payload, delay: '1h' });
    const prioritized = await enqueue({ payload, priority: 1 });
    await moved(ids[6]!, 'active', { startedAt: '1' });
    await moved(ids[5]!, 'completed');
    await moved(ids[4]!, 'failed');
    const expected = [ids[6], ids[0], ids[1], ids[2], ids[3], prioritized, delayed, ids[4], ids[5]];
    for (const limit of [1, 2, 3, 50]) expect(await all(`limit=${limit}`)).toEqual(expected);
  });

  test('filters by job, queue, app and state', async () => {
    await t.release([{ name: 'invoices', queue: 'billing' }], { app: 'billing' });
    const a = await enqueue();
    const b = (await t.call('POST', '/v1/jobs/flights.carriers/runs', { payload })).json.id;
    const c = (await t.call('POST', '/v1/jobs/invoices/runs', { payload, delay: '1h' })).json.id;
    expect(await all('job=flights.carriers')).toEqual([b]);
    expect(await all('queue=reports')).toEqual([a, b]);
    expect(await all('app=billing')).toEqual([c]);
    expect(await all('state=delayed')).toEqual([c]);
    expect(await all('state=queued&limit=1')).toEqual([a, b]);
    expect(await all('queue=none')).toEqual([]);
  });

  test('filters by the release of their last start, and by a window: what has ended since it began', async () => {
    const [release, next] = [await t.release([{}]), await t.release([{ attempts: 3 }], { current: false })];
    const [before, after, parked, waits] = [
      await enqueue(),
      await enqueue(),
      await enqueue(),
      await enqueue(),
    ];
    await moved(before, 'failed', { release: release.id });
    const startsAt = new Date(Date.now() + 3_600_000).toISOString();
    const declared = await t.call('POST', '/v1/windows', { release: next.id, reason: 'x', startsAt });
    const window = declared.json;
    expectProblem(await t.call('GET', `/v1/runs?window=${window.id}`), 409, 'conflict');
    const { finishedAt } = (await t.call('GET', `/v1/runs/${before}`)).json;
    const begun = new Date(Date.parse(finishedAt) + 1).toISOString();
    window.phases.push({ phase: 'preparing', at: begun, ms: null, because: 'its time has come' });
    await t.store.redis.hset(t.store.keys.window(window.id), 'json', JSON.stringify(window));
    while (Date.now() <= Date.parse(begun)) await new Promise(setImmediate);
    await moved(after, 'failed', { release: next.id });
    await moved(parked, 'failed', { release: next.id, outcome: 'parked' });

    expect(await all(`release=${release.id}`)).toEqual([before]);
    expect(new Set(await all(`release=${next.id.slice(0, 5)}&limit=1`))).toEqual(new Set([after, parked]));
    expect(await all(`window=${window.id}&state=failed`)).toEqual([after]);
    expect(await all(`window=${window.id}&state=parked`)).toEqual([parked]);
    expect(await all(`window=${window.id}`)).not.toContain(waits);
    expectProblem(await t.call('GET', `/v1/runs?window=${window.id}&app=other`), 400, 'bad-request');
    expectProblem(await t.call('GET', '/v1/runs?window=win-none'), 404, 'not-found');
    expectProblem(await t.call('GET', '/v1/runs?release=newest'), 400, 'bad-request');
  });

  test('many that ended in the same millisecond are all listed', async () => {
    const { redis, keys } = t.store;
    const ids = await Promise.all(Array.from({ length: 9 }, () => enqueue()));
    for (const id of ids) await moved(id, 'completed');
    for (const id of ids) await redis.zadd(keys.job('reports', 'completed'), 5, id);
    expect((await all('limit=2')).sort()).toEqual([...ids].sort());
  });

  test('runs that start between two pages neither repeat nor hide others', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 8; i++) ids.push(await enqueue());
    const first = (await t.call('GET', '/v1/runs?state=queued&limit=3')).json;
    expect(first.items.map((run: { id: string }) => run.id)).toEqual(ids.slice(0, 3));
    for (const id of ids.slice(0, 5)) await moved(id, 'completed');
    const second = (await t.call('GET', `/v1/runs?state=queued&cursor=${first.nextCursor}`)).json;
    expect(second.items.map((run: { id: string }) => run.id)).toEqual(ids.slice(5));
  });

  test('large payloads make short pages', async () => {
    const large = { payload: { file: 'x'.repeat(100_000) } };
    await t.call(
      'POST',
      `${runs}/bulk`,
      Array.from({ length: 70 }, () => large),
    );
    const page = (await t.call('GET', '/v1/runs?limit=70')).json;
    expect(page.items).toHaveLength(60);
    expect(new Set(await all('limit=70')).size).toBe(70);
  });

  test('a page looks at a bounded number of runs, and the next goes on', async () => {
    const items = Array.from({ length: 2_500 }, () => ({ payload }));
    await t.call('POST', `${runs}/bulk`, items);
    const last = (await t.call('POST', '/v1/jobs/flights.carriers/runs', { payload })).json.id;
    const page = (await t.call('GET', '/v1/runs?job=flights.carriers')).json;
    expect(page.items).toEqual([]);
    expect(page.nextCursor).not.toBeNull();
    expect(await all('job=flights.carriers')).toEqual([last]);
  });
});

describe('cancelling', () => {
  test('a queued run is cancelled at once, and twice is the same as once', async () => {
    const id = await enqueue();
    expect((await t.call('POST', `/v1/runs/${id}/cancel`)).json.state).toBe('cancelled');
    expect((await t.call('POST', `/v1/runs/${id}/cancel`, {})).json.state).toBe('cancelled');
    expect((await t.call('GET', '/v1/runs?state=queued')).json.items).toEqual([]);
    expect((await t.call('GET', '/v1/runs?state=cancelled')).json.items).toHaveLength(1);
    expect((await t.call('POST', `/v1/runs/${id}/retry`)).json.state).toBe('queued');
    expect(await waiting()).toBe(1);
  });

  test('the hosts are told of a running one', async () => {
    const id = await enqueue();
    await moved(id, 'active', { startedAt: '1' });
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
    const id = await enqueue();
    await moved(id, 'completed');
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
    const id = await enqueue();
    await moved(id, 'failed', own);
    const run = (await t.call('POST', `/v1/runs/${id}/retry`)).json;
    expect(run).toMatchObject({
      state: 'queued',
      attempt: 1,
      error: null,
      checkpoint: { version: 2, count: 3 },
    });
    expect(await fields(id)).toMatchObject({ state: own.state });
    expect(await t.store.redis.sismember(t.store.keys.live('reports'), id)).toBe(1);
    expect(await waiting()).toBe(1);
    expectProblem(await t.call('POST', `/v1/runs/${id}/retry`), 409, 'conflict');
  });

  test('with restart it forgets what it had done', async () => {
    const id = await enqueue();
    await moved(id, 'failed', own);
    await t.store.redis.hset(t.store.keys.steps('reports', id), 'load', '{"value":"j1"}');
    const run = (await t.call('POST', `/v1/runs/${id}/retry`, { restart: true })).json;
    expect(run).toMatchObject({ state: 'queued', checkpoint: null });
    expect(await t.store.redis.exists(t.store.keys.steps('reports', id))).toBe(0);
  });

  test('a parked run goes on by one of its choices', async () => {
    const id = await enqueue();
    await moved(id, 'failed', { ...own, ...park(['retry', 'cancel']) });
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
    const id = await enqueue();
    await moved(id, 'failed', { ...own, ...park(['retry', 'cancel']) });
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
    const id = await enqueue();
    const address = { queue: 'reports', jobId: id };
    await moved(id, 'failed', own);
    expect((await t.call('POST', `/v1/runs/${id}/retry`)).json.state).toBe('queued');
    await moved(id, 'active', { startedAt: '1', failures: '1' });
    expect(await reopenRun(t.store, address, true)).toBe(false);
    expect(await fields(id)).toMatchObject({ state: own.state, startedAt: '1', failures: '1' });
  });

  test('cancel ends it', async () => {
    const id = await enqueue();
    await moved(id, 'failed', park(['retry', 'cancel']));
    expect((await t.call('POST', `/v1/runs/${id}/resume`, { choice: 'cancel' })).json.state).toBe(
      'cancelled',
    );
  });

  test('skip takes an effect of unknown outcome as done', async () => {
    const id = await enqueue();
    await moved(id, 'failed', { ...own, ...park(['retry', 'skip']) });
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
    const id = await enqueue();
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
    await moved(id, 'active', own);
    const { json } = await t.call('GET', `/v1/runs/${id}/checkpoint`);
    expect(json).toMatchObject({ version: 2, bytes: 99, count: 4, savedAt: '2023-11-14T22:13:20.000Z' });
    expect(json.state).toEqual({ at: '1970-01-01T00:00:00.000Z', seen: ['a'], by: { LAX: '3' }, none: null });
  });

  test('its log is read in pages', async () => {
    const id = await enqueue();
    await t.store.redis.rpush(t.store.keys.logs('reports', id), 'a', 'b', 'c');
    const first = (await t.call('GET', `/v1/runs/${id}/logs?limit=2`)).json;
    expect(first.items).toEqual(['a', 'b']);
    const second = (await t.call('GET', `/v1/runs/${id}/logs?cursor=${first.nextCursor}`)).json;
    expect(second).toEqual({ items: ['c'], nextCursor: null });
  });
});
