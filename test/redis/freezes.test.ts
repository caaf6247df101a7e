import { beforeEach, describe, expect, test } from 'vitest';
import type { Release } from '../../src/model/release.js';
import { getWindow, requestWindow } from '../../src/store/windows.js';
import { expectProblem, type TestApi, useApi } from '../support/api.js';

let t: TestApi;
let next: Release;
const minute = 60_000;
const hour = 60 * minute;
const at = (ms: number) => new Date(Date.now() + ms).toISOString();

beforeEach(async () => {
  t = await useApi();
  await t.release([{}]);
  next = await t.release([{ attempts: 3 }], { current: false });
});

const add = (fields: object = {}) =>
  t.call('POST', '/v1/freezes', { from: at(-hour), to: at(hour), reason: 'year end', ...fields });
const declare = (fields: object = {}) =>
  t.call('POST', '/v1/windows', { release: next.id, reason: 'a better report', ...fields });
const list = async (query = '') => (await t.call('GET', `/v1/freezes${query}`)).json;

describe('freezes', () => {
  test('are listed in the order in which they begin, in pages, and lifted by their ID', async () => {
    const later = (await add({ from: at(5 * hour), to: at(6 * hour) })).json;
    const answer = await add({ app: 'reporting' });
    expect(answer.status, answer.text).toBe(201);
    const { windows, ...now } = answer.json;
    expect(now).toMatchObject({ app: 'reporting', reason: 'year end', createdBy: 'operator' });
    expect(windows).toEqual([]);
    const first = await list('?limit=1');
    expect(first.items).toEqual([now]);
    expect((await list(`?limit=1&cursor=${first.nextCursor}`)).items).toMatchObject([{ id: later.id }]);
    expect((await list('?app=other')).items).toMatchObject([{ id: later.id }]);
    expect((await t.call('DELETE', `/v1/freezes/${now.id}`)).status).toBe(204);
    expectProblem(await t.call('DELETE', `/v1/freezes/${now.id}`), 404, 'not-found');
    expect((await list()).items).toHaveLength(1);
    expectProblem(await t.call('GET', '/v1/freezes?cursor=nonsense'), 400, 'bad-request');
  });

  test.each([
    ['ends before it begins', { from: at(2 * hour), to: at(hour) }, 400, '/to'],
    ['is over already', { from: at(-2 * hour), to: at(-hour) }, 400, '/to'],
    ['has no reason', { reason: ' ' }, 422, '/reason'],
    ['is of an app that is not there', { app: 'reportign' }, 422, '/app'],
  ])('one that %s is refused', async (_, fields, status, pointer) => {
    const answer = await add(fields);
    expect(answer.status, answer.text).toBe(status);
    expect(answer.json.errors).toMatchObject([{ pointer }]);
  });

  test('that are over are kept for 30 days', async () => {
    const { id } = (await add()).json;
    const day = 24 * hour;
    const stored = JSON.parse((await t.store.redis.hget(t.store.keys.freezes, id))!);
    const put = (copy: string, to: number) =>
      t.store.redis.hset(t.store.keys.freezes, copy, JSON.stringify({ ...stored, id: copy, from: 0, to }));
    await put('frz-old', Date.now() - 31 * day);
    await put('frz-new', Date.now() - 29 * day);
    expect((await list()).items.map((freeze: { id: string }) => freeze.id)).toEqual(['frz-new', id]);
    await add();
    expect(await t.store.redis.hexists(t.store.keys.freezes, 'frz-old')).toBe(0);
    expect(await t.store.redis.hexists(t.store.keys.freezes, 'frz-new')).toBe(1);
  });
});

describe('a window', () => {
  test('that starts within a freeze is a conflict that names it', async () => {
    const { id } = (await add()).json;
    const answer = await declare();
    expectProblem(answer, 409, 'conflict');
    expect(answer.json.detail).toContain(id);
    expect(answer.json.detail).toContain('year end');
    expectProblem(await declare({ startsAt: at(hour - minute) }), 409, 'conflict');
    expect((await declare({ startsAt: at(hour + minute) })).status).toBe(201);
  });

  test('starts at the end of a freeze to the millisecond, and not within the freeze of its app', async () => {
    const { to } = (await add()).json;
    expect((await declare({ startsAt: to })).status).toBe(201);
    await add({ app: 'reporting', from: at(5 * hour), to: at(6 * hour) });
    expectProblem(await declare({ startsAt: at(5.5 * hour) }), 409, 'conflict');
  });

  test('of another app is free', async () => {
    const other = await t.release([{ name: 'other', queue: 'other' }], { app: 'other', current: false });
    await add({ app: 'reporting' });
    expect((await declare({ release: other.id })).status).toBe(201);
  });

  test('that is scheduled within a freeze is named when that is added, and cannot be started in one', async () => {
    const inside = (await declare({ startsAt: at(10 * minute), maxDuration: '20m' })).json;
    await declare({ startsAt: at(2 * hour) });
    expect((await add()).json.windows).toEqual([inside.id]);
    const answer = await t.call('POST', `/v1/windows/${inside.id}/start`);
    expectProblem(answer, 409, 'conflict');
    expect(answer.json.detail).toContain('year end');
    expect((await getWindow(t.store, inside.id)).request).toBeNull();
    await requestWindow(t.store, inside.id, { kind: 'cancel', by: 'ann' });
  });

  test('and a freeze that race: never do both slip through unseen', async () => {
    for (let round = 0; round < 20; round++) {
      const from = at(round * 3 * hour);
      const to = at((round + 1) * 3 * hour);
      const [freeze, window] = await Promise.all([
        add({ from, to }),
        declare({ startsAt: at(round * 3 * hour + 90 * minute), maxDuration: '30m' }),
      ]);
      // Either the window came first, and the freeze names it, or it was refused.
      expect(freeze.json.windows).toEqual(window.status === 201 ? [window.json.id] : []);
    }
  });
});
