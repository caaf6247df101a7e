import { beforeEach, describe, expect, test } from 'vitest';
import { decodeState, encodeState } from '../../src/model/state-codec.js';
import { expectProblem, sha256, type TestApi, useApi } from '../support/api.js';

const MiB = 1024 * 1024;
let t: TestApi;

beforeEach(async () => {
  t = await useApi();
  await t.release([{}, { name: 'flights.carriers', queue: 'other' }]);
});

/** A run as a host leaves it after a save. */
async function saved(
  id: string,
  state: unknown,
  { queue = 'reports', job = 'flights.delays', outcome = '' } = {},
): Promise<void> {
  const { redis, keys } = t.store;
  await redis.hset(keys.job(queue, id), 'name', job, ...(outcome ? ['finishedOn', '1'] : []));
  const fields = { state: encodeState(state), version: '2', savedAt: '1000', release: 'abc', outcome };
  await redis.hset(keys.run(queue, id), fields);
  await redis.sadd(keys.live(queue), id);
}

interface Page {
  items: { run: string; job: string; state: string }[];
  nextCursor: string | null;
}

/** All pages, each told to `see` before the next one is asked for. */
async function pages(query: string, see: (page: Page) => unknown = () => {}): Promise<Page[]> {
  const all: Page[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const answer = await t.call('GET', `/v1/checkpoints?${query}${cursor && `&cursor=${cursor}`}`);
    expect(answer.status, answer.text).toBe(200);
    all.push(answer.json);
    await see(answer.json);
    cursor = answer.json.nextCursor;
  }
  return all;
}

const runsIn = (all: Page[]) => all.flatMap(({ items }) => items.map(({ run }) => run));
const names = (count: number) => Array.from({ length: count }, (_, i) => `run-${i}`);

describe('the live checkpoints', () => {
  test('are given as they are stored, with where they are from', async () => {
    const state = { seen: new Map([['a', new Date(7)]]), rest: new Set([1n]) };
    await saved('run-1', state);
    const { json } = await t.call('GET', '/v1/checkpoints');
    const [{ state: text, ...others }] = json.items;
    expect(others).toEqual({
      job: 'flights.delays',
      version: 2,
      run: 'run-1',
      savedAt: '1970-01-01T00:00:01.000Z',
      release: 'abc',
    });
    expect(decodeState(text)).toEqual(state);
    expect(json.nextCursor).toBeNull();
  });

  test('are those of runs that have not ended and of parked ones, of one job or app where that is asked', async () => {
    await saved('runs', {});
    await saved('parked', {}, { outcome: 'parked' });
    // Its host died before it tidied up.
    await saved('ended', {}, { outcome: 'cancelled' });
    await t.store.redis.sadd(t.store.keys.live('reports'), 'gone');
    await saved('7', {}, { queue: 'other', job: 'flights.carriers' });
    expect(runsIn(await pages('')).sort()).toEqual(['other~7', 'parked', 'runs']);
    expect(runsIn(await pages('job=flights.carriers'))).toEqual(['other~7']);
    expect(runsIn(await pages('app=nobody'))).toEqual([]);
  });

  for (const [kind, count, limit] of [
    ['few', 100, 7],
    ['many', 1_000, 60],
  ] as const)
    test(`come in pages: each of ${kind} is there, and no page holds more than was asked for`, async () => {
      const runs = names(count);
      for (const run of runs) await saved(run, {});
      await saved('7', {}, { queue: 'other' });
      const all = await pages(`limit=${limit}`);
      expect(Math.max(...all.map(({ items }) => items.length))).toBe(limit);
      expect([...new Set(runsIn(all))].sort()).toEqual([...runs, 'other~7'].sort());
    });

  test('are all given though runs come and go between two pages', async () => {
    const stay = names(300);
    for (const run of stay) await saved(run, {});
    let turn = 0;
    const all = await pages('limit=20', async () => {
      turn += 1;
      if (turn > 20) return;
      for (const id of names(40)) await saved(`later-${turn}-${id}`, {});
      if (turn > 1)
        await t.store.redis.srem(
          t.store.keys.live('reports'),
          ...names(20).map(id => `later-${turn - 1}-${id}`),
        );
    });
    expect(new Set(runsIn(all))).toEqual(new Set([...stay, ...runsIn(all)]));
  });

  test('make a short page where they are large', async () => {
    const runs = names(24);
    for (const run of runs) await saved(run, 'x'.repeat(MiB));
    const all = await pages('limit=500');
    expect(Math.max(...all.map(page => JSON.stringify(page).length))).toBeLessThan(16 * MiB);
    expect(runsIn(all).sort()).toEqual(runs.sort());
  });

  test('a cursor that is none is refused', async () => {
    for (const cursor of ['x', Buffer.from('{"queue":1}').toString('base64url')])
      expectProblem(await t.call('GET', `/v1/checkpoints?cursor=${cursor}`), 400, 'bad-request');
  });
});

test('a file of a release can be fetched by its digest', async () => {
  const content = 'export const modules = {};';
  const octets = { 'content-type': 'application/octet-stream' };
  await t.call('PUT', `/v1/blobs/${sha256(content)}`, content, octets);
  const { status, text, headers } = await t.call('GET', `/v1/blobs/${sha256(content)}`);
  expect([status, text, headers['content-type']]).toEqual([200, content, 'application/octet-stream']);
  expectProblem(await t.call('GET', `/v1/blobs/${sha256('another')}`), 404, 'not-found');
});
