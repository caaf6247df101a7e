import { beforeEach, describe, expect, test } from 'vitest';
import { scheduleOwner } from '../../src/model/window-schedule.js';
import { declareWindow } from '../../src/window/declare.js';
import { expectProblem, type TestApi, useApi } from '../support/api.js';

let t: TestApi;

beforeEach(async () => {
  t = await useApi();
  await t.release([{}]);
});

const add = (fields: object = {}) =>
  t.call('POST', '/v1/window-schedules', {
    cron: '30 2 * * 1-5',
    timezone: 'Europe/Berlin',
    reason: 'nightly deploy',
    ...fields,
  });

describe('recurring windows', () => {
  test('are answered with the fields of their windows, and when the next one comes', async () => {
    const answer = await add({
      duration: '20m',
      strategy: 'rolling',
      rolling: { batch: 2 },
      watch: { duration: '5m' },
    });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.json).toMatchObject({
      app: 'reporting',
      cron: '30 2 * * 1-5',
      timezone: 'Europe/Berlin',
      reason: 'nightly deploy',
      createdBy: 'operator',
      paused: false,
      strategy: 'rolling',
      rolling: { batch: 2 },
      watch: { durationMs: 300_000 },
      maxDurationMs: 1_200_000,
      last: null,
    });
    expect(answer.json.drainTimeoutMs).toBeLessThanOrEqual(900_000);
    const next = new Date(answer.json.nextAt);
    expect(next.getTime()).toBeGreaterThan(Date.now());
    expect(next.toLocaleTimeString('en-GB', { timeZone: 'Europe/Berlin' })).toBe('02:30:00');
    const shown = await t.call('GET', String(answer.headers.location));
    expect(shown.json).toEqual(answer.json);
  });

  test('are announced, and so take their release early, only where that is asked for', async () => {
    expect((await add()).json.announceMs).toBe(0);
    expect((await add({ announce: '30m' })).json.announceMs).toBe(1_800_000);
  });

  test('are listed in pages, paused, resumed and removed', async () => {
    const ids: string[] = [];
    for (const cron of ['0 1 * * *', '0 2 * * *', '0 3 * * *']) ids.push((await add({ cron })).json.id);
    const first = (await t.call('GET', '/v1/window-schedules?limit=2')).json;
    const second = (await t.call('GET', `/v1/window-schedules?limit=2&cursor=${first.nextCursor}`)).json;
    expect([...first.items, ...second.items].map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(second.nextCursor).toBeNull();
    expect((await t.call('GET', '/v1/window-schedules?app=other')).json.items).toEqual([]);

    const path = `/v1/window-schedules/${ids[0]}`;
    expect((await t.call('POST', `${path}/pause`)).json).toMatchObject({ paused: true, nextAt: null });
    expect((await t.call('POST', `${path}/resume`)).json).toMatchObject({
      paused: false,
      nextAt: expect.any(String),
    });
    expect((await t.call('GET', `${path}/fires`)).json).toEqual({ items: [], nextCursor: null });
    expect((await t.call('DELETE', path)).status).toBe(204);
    for (const [method, url] of [
      ['GET', path],
      ['DELETE', path],
      ['GET', `${path}/fires`],
      ['POST', `${path}/pause`],
    ] as const)
      expectProblem(await t.call(method, url), 404, 'not-found');
    expect((await t.call('GET', '/v1/window-schedules')).json.items).toHaveLength(2);
  });

  test('cancel what they had declared when they are removed, but not what a person has asked something of', async () => {
    const { id } = (await add()).json;
    const { id: release } = await t.release([{ attempts: 3 }], { current: false });
    const declared = async (by: string, hours: number) => {
      const startsAt = new Date(Date.now() + hours * 3_600_000).toISOString();
      const fields = {
        release,
        reason: 'nightly deploy',
        createdBy: by,
        startsAt,
        onDrainTimeout: 'abort',
      } as const;
      return (await declareWindow(t.store, { ...fields, drainTimeoutMs: 1_000, maxDurationMs: 60_000 })).id;
    };
    const own = await declared(scheduleOwner({ id }), 1);
    const touched = await declared(scheduleOwner({ id }), 2);
    const others = await declared('ops', 3);
    expect((await t.call('POST', `/v1/windows/${touched}/extend`, { by: '1m' })).status).toBe(200);
    expect((await t.call('DELETE', `/v1/window-schedules/${id}`)).status).toBe(204);
    const requests = await Promise.all(
      [own, touched, others].map(async each => (await t.call('GET', `/v1/windows/${each}`)).json.request),
    );
    expect(requests).toMatchObject([{ kind: 'cancel', by: 'operator' }, null, null]);
  });

  test('need the name of an app where there are several', async () => {
    await t.release([{ name: 'other', queue: 'other' }], { app: 'other' });
    const answer = await add();
    expectProblem(answer, 422, 'invalid-body');
    expect(answer.json.detail).toContain('other, reporting');
    expect((await add({ app: 'other' })).json).toMatchObject({ app: 'other' });
  });

  test.each([
    ['no cron', { cron: 'whenever' }, '/cron', /five fields/],
    ['a cron that never fires', { cron: '0 0 30 2 *' }, '/cron', /never fires/],
    ['no zone', { timezone: 'Europe/Berln' }, '/timezone', /did you mean Europe\/Berlin/],
    ['an app that is not there', { app: 'reportign' }, '/app', /did you mean reporting/],
    ['two lengths', { duration: '10m', maxDuration: '20m' }, '/duration', /one of the two/],
    [
      'more to do than time',
      { duration: '10m', watch: { duration: '20m' } },
      '/watch/duration',
      /does not fit/,
    ],
    [
      'a hook of a job that is not there',
      {
        hooks: [{ name: 'migrate', when: 'before', job: { name: 'nobody' } }],
      },
      '/hooks/0/job/name',
      /nobody/,
    ],
    ['a release', { release: 'abcd' }, '/release', /not known/],
    ['a start', { startsAt: '2030-01-01T00:00Z' }, '/startsAt', /not known/],
  ])('with %s are refused', async (_, fields, pointer, why) => {
    const answer = await add(fields);
    expectProblem(answer, 422, 'invalid-body');
    expect(answer.json.errors).toMatchObject([{ pointer }]);
    expect(answer.json.detail).toMatch(why);
  });
});

describe('a window at a time', () => {
  test('lasts as long over a change of the clock as at any other time', async () => {
    const { id: release } = await t.release([{ attempts: 3 }], { current: false });
    const declare = (startsAt: string) =>
      t.call('POST', '/v1/windows', { release, reason: 'by night', startsAt, maxDuration: '2h' });
    // In Berlin the clock goes from 02:00 to 03:00 that night: two hours after 01:30 it shows 04:30.
    const window = await declare('2030-03-31T01:30:00+01:00');
    expect(window.json).toMatchObject({ startsAt: '2030-03-31T00:30:00.000Z', maxDurationMs: 7_200_000 });
    expectProblem(await declare('2030-03-31T04:29:59+02:00'), 409, 'conflict');
    expect((await declare('2030-03-31T04:30:00+02:00')).status).toBe(201);
    // And back from 03:00 to 02:00 that night: two hours after the first 01:30 it shows 02:30 for the second time.
    expect((await declare('2030-10-27T01:30:00+02:00')).status).toBe(201);
    expectProblem(await declare('2030-10-27T02:29:59+01:00'), 409, 'conflict');
    expect((await declare('2030-10-27T02:30:00+01:00')).status).toBe(201);
  });
});
