import { beforeEach, describe, expect, test } from 'vitest';
import type { Release } from '../../src/model/release.js';
import type { UsedRelease } from '../../src/model/release-use.js';
import { requestWindow } from '../../src/store/windows.js';
import { expectProblem, type TestApi, useApi } from '../support/api.js';

let t: TestApi;
let next: Release;
const at = (ms: number) => new Date(Date.now() + ms).toISOString();
const hour = 3_600_000;

beforeEach(async () => {
  t = await useApi();
  await t.release([{}]);
  next = await t.release([{ attempts: 3 }], { current: false });
});

const declare = (fields: object = {}) =>
  t.call('POST', '/v1/windows', {
    release: next.id,
    reason: 'a better report',
    startsAt: at(hour),
    ...fields,
  });

describe('declaring', () => {
  test('answers the window, and where it is to be found', async () => {
    const answer = await declare({ drainTimeout: '90s', maxDuration: 'PT20M', onDrainTimeout: 'force' });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.json).toMatchObject({
      app: 'reporting',
      release: next.id,
      phase: 'scheduled',
      outcome: null,
      reason: 'a better report',
      createdBy: 'operator',
      queues: ['reports'],
      drainTimeoutMs: 90_000,
      maxDurationMs: 1_200_000,
      onDrainTimeout: 'force',
    });
    const shown = await t.call('GET', String(answer.headers.location));
    expect(shown.json).toEqual(answer.json);
    expect(shown.headers.etag).toBe('"1"');
  });

  test('fills in what the configuration says', async () => {
    const { json } = await declare();
    expect(json).toMatchObject({ drainTimeoutMs: 600_000, maxDurationMs: hour, onDrainTimeout: 'abort' });
  });

  test('a dry run gives the plan and stores nothing', async () => {
    const answer = await t.call('POST', '/v1/windows?dryRun=true', {
      release: next.id,
      reason: 'just looking',
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ app: 'reporting', release: next.id, runs: { inFlight: 0 } });
    expect(answer.json.warnings.join()).toMatch(/no host is alive/);
    expect(answer.json.refusedFor.join()).toMatch(/no host is alive/);
    expect((await t.call('GET', '/v1/windows')).json.items).toEqual([]);
  });

  test('one that overlaps with another is a conflict', async () => {
    expect((await declare()).status).toBe(201);
    expectProblem(await declare({ startsAt: at(hour + 60_000) }), 409, 'conflict');
  });

  test('the same request with the same key declares one', async () => {
    const body = { release: next.id, reason: 'once', startsAt: at(hour) };
    const headers = { 'idempotency-key': 'deploy-1' };
    const first = await t.call('POST', '/v1/windows', body, headers);
    const again = await t.call('POST', '/v1/windows', body, headers);
    expect(again.status).toBe(201);
    expect(again.json).toEqual(first.json);
    expect(again.headers.etag).toBe('"1"');
  });
});

describe('listing', () => {
  test('the newest first, in pages', async () => {
    const ids: string[] = [];
    for (let i = 1; i <= 5; i++) ids.unshift((await declare({ startsAt: at(i * 3 * hour) })).json.id);
    const first = (await t.call('GET', '/v1/windows?limit=3')).json;
    expect(first.items.map((window: { id: string }) => window.id)).toEqual(ids.slice(0, 3));
    const second = (await t.call('GET', `/v1/windows?limit=3&cursor=${first.nextCursor}`)).json;
    expect(second.items.map((window: { id: string }) => window.id)).toEqual(ids.slice(3));
    expect(second.nextCursor).toBeNull();
    expect((await t.call('GET', '/v1/windows?app=other')).json.items).toEqual([]);
  });
});

describe('asking', () => {
  test('what the phase does not allow is a conflict', async () => {
    const { id } = (await declare()).json;
    const answer = await t.call('POST', `/v1/windows/${id}/abort`);
    expectProblem(answer, 409, 'conflict');
    expect(answer.json.detail).toMatch(/cancel it instead/);
    expectProblem(await t.call('GET', `/v1/windows/${id}/report`), 404, 'not-found');
  });

  test('is noted for the engine', async () => {
    const { id } = (await declare()).json;
    const answer = await t.call('POST', `/v1/windows/${id}/start`, {});
    expect(answer.status).toBe(200);
    expect(answer.json.request).toMatchObject({ kind: 'start', by: 'operator' });
    expect(answer.headers.etag).toBe('"2"');
  });

  test('more time moves the deadline along', async () => {
    const { id } = (await declare({ drainTimeout: '1m' })).json;
    const answer = await t.call('POST', `/v1/windows/${id}/extend`, { by: '2m' });
    expect(answer.json).toMatchObject({ drainTimeoutMs: 180_000, version: 2 });
    expectProblem(await t.call('POST', `/v1/windows/${id}/extend`, { by: '0s' }), 422, 'invalid-body');
  });

  test('If-Match guards against what somebody else did meanwhile', async () => {
    const { id } = (await declare()).json;
    const read = await t.call('GET', `/v1/windows/${id}`);
    await requestWindow(t.store, id, { kind: 'start', by: 'somebody else' });
    const tag = { 'if-match': String(read.headers.etag) };
    const refused = await t.call('POST', `/v1/windows/${id}/cancel`, {}, tag);
    expectProblem(refused, 412, 'precondition-failed');
    expect((await t.call('GET', `/v1/windows/${id}`)).json.request.kind).toBe('start');
    expectProblem(
      await t.call('POST', `/v1/windows/${id}/cancel`, {}, { 'if-match': 'two' }),
      400,
      'bad-request',
    );
    const right = await t.call('POST', `/v1/windows/${id}/cancel`, {}, { 'if-match': '"2"' });
    expect(right.status).toBe(200);
    expect(right.json.request.kind).toBe('cancel');
  });
});

describe('holds', () => {
  test('are listed, and lifted by their ID', async () => {
    const hold = (
      await t.call('POST', '/v1/holds', { queues: ['reports'], reason: 'disk full', until: at(hour) })
    ).json;
    expect(hold).toMatchObject({ owner: 'operator', reason: 'disk full', queues: ['reports'] });
    expect((await t.call('GET', '/v1/holds')).json).toEqual({ items: [hold], nextCursor: null });
    expect((await t.call('DELETE', `/v1/holds/${hold.id}`)).status).toBe(204);
    expectProblem(await t.call('DELETE', `/v1/holds/${hold.id}`), 404, 'not-found');
  });
});

describe('releases', () => {
  test('a blob may be put twice, and asked for', async () => {
    const [file] = next.files;
    expect((await t.call('HEAD', `/v1/blobs/${file!.sha256}`)).status).toBe(204);
    expect((await t.call('HEAD', `/v1/blobs/${'0'.repeat(64)}`)).status).toBe(404);
  });

  test('are listed the newest first, and shown by the beginning of an ID', async () => {
    const { items } = (await t.call('GET', '/v1/releases')).json;
    expect(items.map((release: Release) => release.id)[0]).toBe(next.id);
    expect(items).toHaveLength(2);
    expect((await t.call('GET', `/v1/releases/${next.id.slice(0, 6)}`)).json).toMatchObject(next);
    const again = await t.call('POST', '/v1/releases', {
      format: 1,
      app: next.app,
      entry: next.entry,
      files: next.files,
      jobs: next.jobs,
    });
    expect(again.status).toBe(200);
    expect(again.json).toEqual(next);
  });

  test('say whether the app runs them, and which windows go to them', async () => {
    const uses = async () => {
      const { items } = (await t.call('GET', '/v1/releases')).json as { items: UsedRelease[] };
      return items.map(({ id, current, windows }) => [id === next.id, current, windows.map(({ id }) => id)]);
    };
    expect(await uses()).toEqual([
      [true, false, []],
      [false, true, []],
    ]);
    const { id } = (await declare()).json;
    expect(await uses()).toEqual([
      [true, false, [id]],
      [false, true, []],
    ]);
    expect((await t.call('GET', `/v1/releases/${next.id}`)).json.windows).toMatchObject([
      { id, phase: 'scheduled', outcome: null },
    ]);
  });

  test('jobs are those of the current release', async () => {
    const { items } = (await t.call('GET', '/v1/jobs')).json;
    expect(items).toMatchObject([
      { name: 'flights.delays', app: 'reporting', queue: 'reports', attempts: 1 },
    ]);
  });
});
