import { beforeEach, describe, expect, test } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { expectProblem } from '../support/api.js';
import { payload, type RunsApi, runs, useRunsApi } from '../support/runs-api.js';

let t: RunsApi;
beforeEach(async () => {
  t = await useRunsApi();
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
    const id = await t.enqueue();
    await t.moved(id, place, own);
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

  const declared = async (release: string): Promise<Window> => {
    const startsAt = new Date(Date.now() + 3_600_000).toISOString();
    return (await t.call('POST', '/v1/windows', { release, reason: 'x', startsAt })).json;
  };
  const begun = async (window: Window, at: number): Promise<void> => {
    window.phases.push({
      phase: 'preparing',
      at: new Date(at).toISOString(),
      ms: null,
      because: 'its time has come',
    });
    await t.store.redis.hset(t.store.keys.window(window.id), 'json', JSON.stringify(window));
  };

  test('pages hold every run once, those at work first and those that start next before others', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push(await t.enqueue());
    const delayed = await t.enqueue({ payload, delay: '1h' });
    const prioritized = await t.enqueue({ payload, priority: 1 });
    await t.moved(ids[6]!, 'active', { startedAt: '1' });
    await t.moved(ids[5]!, 'completed');
    await t.moved(ids[4]!, 'failed');
    const expected = [ids[6], ids[0], ids[1], ids[2], ids[3], prioritized, delayed, ids[4], ids[5]];
    for (const limit of [1, 2, 3, 50]) expect(await all(`limit=${limit}`)).toEqual(expected);
  });

  test('filters by job, queue, app and state', async () => {
    await t.release([{ name: 'invoices', queue: 'billing' }], { app: 'billing' });
    const a = await t.enqueue();
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
      await t.enqueue(),
      await t.enqueue(),
      await t.enqueue(),
      await t.enqueue(),
    ];
    await t.moved(before, 'failed', { release: release.id });
    const window = await declared(next.id);
    expectProblem(await t.call('GET', `/v1/runs?window=${window.id}`), 409, 'conflict');
    const { finishedAt } = (await t.call('GET', `/v1/runs/${before}`)).json;
    const at = Date.parse(finishedAt) + 1;
    await begun(window, at);
    while (Date.now() <= at) await new Promise(setImmediate);
    await t.moved(after, 'failed', { release: next.id });
    await t.moved(parked, 'failed', { release: next.id, outcome: 'parked' });

    expect(await all(`release=${release.id}`)).toEqual([before]);
    expect(new Set(await all(`release=${next.id.slice(0, 5)}&limit=1`))).toEqual(new Set([after, parked]));
    expect(await all(`window=${window.id}&state=failed`)).toEqual([after]);
    expect(await all(`window=${window.id}&state=parked`)).toEqual([parked]);
    expect(await all(`window=${window.id}`)).not.toContain(waits);
    expectProblem(await t.call('GET', `/v1/runs?window=${window.id}&app=other`), 400, 'bad-request');
    expectProblem(await t.call('GET', '/v1/runs?window=win-none'), 404, 'not-found');
    expectProblem(await t.call('GET', '/v1/runs?release=newest'), 400, 'bad-request');
  });

  test('of a window no run is looked at that waits, or ended before', async () => {
    const { redis, keys } = t.store;
    const window = await declared((await t.release([{}], { current: false })).id);
    await begun(window, Date.now());
    const old = Array.from({ length: 2_500 }, () => ({ payload }));
    const { items } = (await t.call('POST', `${runs}/bulk`, old)).json;
    const before = items.flatMap(({ id }: { id: string }) => [1_000, id]);
    await redis
      .multi()
      .zadd(keys.job('reports', 'failed'), ...before)
      .del(keys.job('reports', 'wait'))
      .exec();
    await t.call('POST', `${runs}/bulk`, old);
    const [failed, completed] = [await t.enqueue(), await t.enqueue()];
    await t.moved(failed, 'failed');
    await t.moved(completed, 'completed');
    const pageOf = async (query: string) => {
      const { items, nextCursor } = (await t.call('GET', `/v1/runs?window=${window.id}${query}`)).json;
      return { ids: items.map((run: { id: string }) => run.id), nextCursor };
    };
    for (const query of ['', '&job=flights.delays'])
      expect(await pageOf(query)).toEqual({ ids: [failed, completed], nextCursor: null });
    expect(await pageOf('&state=queued')).toEqual({ ids: [], nextCursor: null });
  });

  test('many that ended in the same millisecond are all listed', async () => {
    const { redis, keys } = t.store;
    const ids = await Promise.all(Array.from({ length: 9 }, () => t.enqueue()));
    for (const id of ids) await t.moved(id, 'completed');
    for (const id of ids) await redis.zadd(keys.job('reports', 'completed'), 5, id);
    expect((await all('limit=2')).sort()).toEqual([...ids].sort());
  });

  test('runs that start between two pages neither repeat nor hide others', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 8; i++) ids.push(await t.enqueue());
    const first = (await t.call('GET', '/v1/runs?state=queued&limit=3')).json;
    expect(first.items.map((run: { id: string }) => run.id)).toEqual(ids.slice(0, 3));
    for (const id of ids.slice(0, 5)) await t.moved(id, 'completed');
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
