import { beforeEach, describe, expect, test } from 'vitest';
import { endTurn, renewTurn, type Turn, takeTurn, UNDER_WAY_MS } from '../../src/store/turns.js';
import { expectProblem } from '../support/api.js';
import { payload, type RunsApi, runs, useRunsApi } from '../support/runs-api.js';

let t: RunsApi;
beforeEach(async () => {
  t = await useRunsApi();
});

async function turnOf(key: string, request: string): Promise<Turn> {
  const taken = await takeTurn(t.store, key, request);
  if ('turn' in taken) return taken.turn;
  throw new Error(`the key ${key} is taken`);
}

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
    expect(await t.waiting()).toBe(1);
  });

  test('another request with that key is refused', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    await t.enqueue({ payload }, headers);
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
    expect(await t.waiting()).toBe(1);
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
    const first = await t.enqueue({ payload }, headers);
    await t.store.redis.del(t.store.keys.idempotency('order-17'));
    expect(await t.enqueue({ payload }, headers)).toBe(first);
    expect(await t.waiting()).toBe(1);
  });
});
