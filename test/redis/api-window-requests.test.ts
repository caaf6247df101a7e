import { beforeEach, describe, expect, test } from 'vitest';
import type { Held, Window } from '../../src/model/window.js';
import { getWindow } from '../../src/store/windows.js';
import { expectProblem, type TestApi, useApi } from '../support/api.js';

let t: TestApi;
beforeEach(async () => {
  t = await useApi();
});

/** Declares a window for in an hour. @returns its path */
async function declare(fields: object = {}, headers: Record<string, string> = {}): Promise<string> {
  const release = await t.release([{}], { current: false });
  const startsAt = new Date(Date.now() + 3_600_000).toISOString();
  const body = { release: release.id, reason: 'x', startsAt, ...fields };
  const answer = await t.call('POST', '/v1/windows', body, headers);
  expect(answer.status, answer.text).toBe(201);
  return `/v1/windows/${answer.json.id}`;
}

/** Writes what only the engine would. */
async function become(path: string, change: Partial<Window>): Promise<void> {
  const key = t.store.keys.window(path.split('/').at(-1)!);
  const window = JSON.parse((await t.store.redis.hget(key, 'json'))!);
  await t.store.redis.hset(key, 'json', JSON.stringify({ ...window, ...change }));
}

const as = (name: string) => ({ 'x-slackwater-actor': name });

describe('a window that asks for a second person', () => {
  test('is approved by another, once, and can then be started', async () => {
    const path = await declare({ requiresApproval: true }, as('ada'));
    expectProblem(await t.call('POST', `${path}/start`), 409, 'conflict');
    const own = await t.call('POST', `${path}/approve`, undefined, as('ada'));
    expectProblem(own, 409, 'conflict');
    expect(own.json.detail).toMatch(/declared by ada: another person/);
    const approved = await t.call('POST', `${path}/approve`, {}, as('grace'));
    expect(approved.status, approved.text).toBe(200);
    expect(approved.json).toMatchObject({ approvedBy: 'grace', phase: 'scheduled', request: null });
    expect(approved.headers.etag).toBe('"2"');
    expectProblem(await t.call('POST', `${path}/approve`, {}, as('eve')), 409, 'conflict');
    await t.call('POST', `${path}/extend`, { by: '1m' }, as('bob'));
    const started = await t.call('POST', `${path}/start`);
    expect(started.status, started.text).toBe(200);
    const at = expect.any(String);
    expect(started.json.askings).toEqual([
      { kind: 'approve', by: 'grace', at },
      { kind: 'extend', by: 'bob', at, byMs: 60_000 },
      { kind: 'start', by: 'operator', at },
    ]);
    const [event] = await t.store.redis
      .xrevrange(t.store.keys.events, '+', '-', 'COUNT', 3)
      .then(events => events.map(([, fields]) => fields).filter(fields => fields.join().includes('approve')));
    expect(event).toEqual(['type', 'window.request', 'data', expect.stringMatching(/"by":"grace"/)]);
  });

  test('without tokens everyone is the operator, who cannot be two', async () => {
    const path = await declare({ requiresApproval: true });
    const answer = await t.call('POST', `${path}/approve`);
    expectProblem(answer, 409, 'conflict');
    expect(answer.json.detail).toMatch(/X-Slackwater-Actor/);
  });

  test('with tokens the token says who it is, whatever the header says', async () => {
    t = await useApi({ server: { tokens: [] } });
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const path = await declare({ requiresApproval: true }, bearer('swt_0123456789abcdef'));
    const same = { ...bearer('swt_0123456789abcdef'), ...as('grace') };
    expectProblem(await t.call('POST', `${path}/approve`, {}, same), 409, 'conflict');
    const other = await t.call('POST', `${path}/approve`, {}, bearer('swt_fedcba9876543210'));
    expect(other.json.approvedBy).toMatch(/^token-[0-9a-f]{8}$/);
  });

  test('others need none, and a name must be one', async () => {
    const path = await declare();
    expectProblem(await t.call('POST', `${path}/approve`, {}, as('ada')), 409, 'conflict');
    expectProblem(await t.call('POST', `${path}/approve`, {}, as('{"$ne":1}')), 400, 'bad-request');
    expectProblem(await t.call('POST', `${path}/approve`, { by: 'ada' }), 422, 'invalid-body');
    expectProblem(await t.call('POST', '/v1/windows/win-none/approve'), 404, 'not-found');
  });

  test('an approval that rests on another version is refused', async () => {
    const path = await declare({ requiresApproval: true });
    await t.call('POST', `${path}/extend`, { by: '1m' });
    const headers = { ...as('ada'), 'if-match': '"1"' };
    expectProblem(await t.call('POST', `${path}/approve`, {}, headers), 412, 'precondition-failed');
  });
});

describe('ending', () => {
  test('a watch is ended early', async () => {
    const path = await declare();
    expectProblem(await t.call('POST', `${path}/end`), 409, 'conflict');
    await become(path, { phase: 'watching' });
    expectProblem(await t.call('POST', `${path}/end`, { choice: 'go-on' }), 409, 'conflict');
    expect((await t.call('POST', `${path}/end`)).json.request).toMatchObject({ kind: 'end', by: 'operator' });
  });

  test('what goes wrong past the swap can be gone back from', async () => {
    const path = await declare();
    await become(path, { phase: 'swapping' });
    expectProblem(await t.call('POST', `${path}/abort`), 409, 'conflict');
    await become(path, { phase: 'verifying' });
    expect((await t.call('POST', `${path}/abort`)).json.request).toMatchObject({ kind: 'abort' });
  });

  test('one that is held takes one of the choices that it offers', async () => {
    const path = await declare();
    const held: Held = {
      since: new Date().toISOString(),
      phase: 'swapping',
      reason: 'nobody knows whether hook migrate was done',
      task: 'migrate',
      choices: [
        { choice: 'retry', does: 'does it again' },
        { choice: 'go-back', does: 'goes back' },
      ],
      until: new Date(Date.now() + 60_000).toISOString(),
    };
    await become(path, { phase: 'done', outcome: 'held', held });
    expect((await t.call('GET', path)).json.held).toEqual(held);
    for (const body of [undefined, {}, { choice: 'release' }]) {
      const answer = await t.call('POST', `${path}/end`, body);
      expectProblem(answer, 409, 'conflict');
      expect(answer.json.detail).toMatch(/retry \(does it again\), go-back \(goes back\)/);
      expect(answer.json.errors).toEqual([{ pointer: '/choice', detail: 'must be one of retry, go-back' }]);
    }
    expectProblem(await t.call('POST', `${path}/end`, { choice: 'give up' }), 422, 'invalid-body');
    expectProblem(await t.call('POST', `${path}/cancel`), 409, 'conflict');
    expect((await getWindow(t.store, path.split('/').at(-1)!)).request).toBeNull();
    const chosen = await t.call('POST', `${path}/end`, { choice: 'go-back' });
    expect(chosen.json.request).toMatchObject({ kind: 'end', choice: 'go-back', by: 'operator' });
  });

  test('one that is over is over', async () => {
    const path = await declare();
    await become(path, { phase: 'done', outcome: 'completed' });
    for (const kind of ['end', 'abort', 'approve', 'start'])
      expectProblem(await t.call('POST', `${path}/${kind}`), 409, 'conflict');
  });
});
