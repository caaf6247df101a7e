import { describe, expect, test } from 'vitest';
import { instantCursor } from '../../src/api/instant-cursor.js';
import type { Fire } from '../../src/model/schedule.js';
import { addFreeze } from '../../src/store/freezes.js';
import { addWindowSchedule } from '../../src/store/window-schedules.js';
import { declareWindow } from '../../src/window/declare.js';
import { expectProblem, type TestApi, useApi } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { sampleRelease } from '../support/sample-releases.js';
import {
  APP,
  applied,
  applies,
  firesOf,
  runsIn,
  schedule,
  setState,
  startScheduler,
} from '../support/schedules.js';

const hour = 3_600_000;
const HOURLY = { job: 'hourly', cron: '0 * * * *', jitterMs: 0 };
const NIGHTLY = {
  job: 'nightly',
  cron: '30 2 * * *',
  timezone: 'Asia/Tokyo',
  jitterMs: 60_000,
  payload: { day: 1 },
};

interface Stage extends TestApi {
  /** The answer, which must be a success. */
  // biome-ignore lint/suspicious/noExplicitAny: the answer is what the test is about
  get(url: string): Promise<any>;
  /** The release that the schedules come with. */
  id: string;
}

async function setUp(schedules: object[] = [HOURLY, NIGHTLY]): Promise<Stage> {
  const t = await useApi();
  const id = await applied(t.store, 'a', schedules);
  const get: Stage['get'] = async url => {
    const answer = await t.call('GET', url);
    expect(answer.status, answer.text).toBe(200);
    return answer.json;
  };
  return { ...t, get, id };
}

describe('schedules', () => {
  test('are listed with their rules, what comes next and what became of the last', async () => {
    const t = await setUp();
    const { items, nextCursor } = await t.get('/v1/schedules');
    expect(nextCursor).toBeNull();
    expect(items).toMatchObject([
      {
        name: 'hourly',
        app: APP,
        release: t.id,
        queue: 'hourly',
        cron: '0 * * * *',
        timezone: 'UTC',
        missed: 'latest',
        overlap: 'skip',
        paused: null,
        last: null,
      },
      { name: 'nightly', timezone: 'Asia/Tokyo', jitterMs: 60_000, payload: { day: 1 } },
    ]);
    for (const { nextAt, startsNextAt } of items) {
      const wait = Date.parse(startsNextAt) - Date.parse(nextAt);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThan(60_000);
      expect(Date.parse(nextAt)).toBeGreaterThan(Date.now() - hour);
    }
    expect(items[0].startsNextAt).toBe(items[0].nextAt);
    expect(await t.get('/v1/schedules/nightly')).toEqual(items[1]);
    const first = await t.get('/v1/schedules?limit=1');
    expect(first.items).toEqual([items[0]]);
    expect((await t.get(`/v1/schedules?limit=1&cursor=${first.nextCursor}`)).items).toEqual([items[1]]);
    expect((await t.get('/v1/schedules?app=other')).items).toEqual([]);
    expectProblem(await t.call('GET', '/v1/schedules/none'), 404, 'not-found');
  });

  test('rest as long as a person wants, who says why', async () => {
    const t = await setUp();
    const paused = await t.call(
      'POST',
      '/v1/schedules/hourly/pause',
      { reason: 'the source is down' },
      { 'x-slackwater-actor': 'ada' },
    );
    expect(paused.json).toMatchObject({
      name: 'hourly',
      nextAt: null,
      paused: { by: 'ada', reason: 'the source is down', at: expect.any(String) },
    });
    const { items } = await t.get('/v1/schedules/next');
    expect(items.find((fire: { schedule: string }) => fire.schedule === 'hourly')).toMatchObject({
      skippedFor: 'paused by ada',
    });
    expect((await t.call('POST', '/v1/schedules/hourly/pause')).json.paused.by).toBe('ada');
    const resumed = await t.call('POST', '/v1/schedules/hourly/resume');
    expect(resumed.json).toMatchObject({ paused: null, nextAt: expect.any(String) });
    expectProblem(await t.call('POST', '/v1/schedules/none/pause'), 404, 'not-found');
    expectProblem(await t.call('POST', '/v1/schedules/hourly/pause', { reason: '' }), 422, 'invalid-body');
  });

  test('are fired by hand, once for each key', async () => {
    const t = await setUp();
    const ask = () => t.call('POST', '/v1/schedules/nightly/fire', undefined, { 'idempotency-key': 'k1' });
    const fired = await ask();
    expect(fired.status).toBe(202);
    expect(fired.json).toMatchObject({ schedule: 'nightly', fate: 'ran', reason: 'asked for by operator' });
    expect(fired.headers.location).toBe(`/v1/runs/${fired.json.run}`);
    expect((await ask()).json).toEqual(fired.json);
    expect(await runsIn(t.queues, ['nightly'])).toEqual([fired.json.run]);
    expect(await t.get(`/v1/runs/${fired.json.run}`)).toMatchObject({
      payload: { day: 1 },
      scheduledFor: fired.json.at,
    });
    expect((await t.get('/v1/schedules/nightly/fires')).items).toEqual([fired.json]);
    expect((await t.get('/v1/schedules/nightly')).last).toEqual(fired.json);
  });

  test('tell what became of their fires, alone and together, page by page', async () => {
    const t = await setUp([HOURLY, { ...HOURLY, job: 'other', missed: 'all' }]);
    const last = Math.floor(Date.now() / hour) * hour;
    for (const name of ['hourly', 'other']) await setState(t.store, name, { last: last - 3 * hour });
    const server = await startScheduler(t.store);
    await eventually(async () => (await t.get('/v1/schedules/fires')).items.length >= 6);
    await server.stop();
    const all = (await t.get('/v1/schedules/fires')).items;
    const times = all.map(({ at }: { at: string }) => at);
    expect(times).toEqual([...times].sort().reverse());
    expect(all.filter(({ schedule }: { schedule: string }) => schedule === 'hourly')).toEqual(
      (await t.get('/v1/schedules/hourly/fires')).items,
    );
    const pages = [];
    let cursor = '';
    do {
      const page = await t.get(`/v1/schedules/fires?limit=2${cursor && `&cursor=${cursor}`}`);
      pages.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor);
    expect(pages).toEqual(all);
    const one = await t.get('/v1/schedules/hourly/fires?limit=1');
    expect(
      (await t.get(`/v1/schedules/hourly/fires?limit=1&cursor=${one.nextCursor}`)).items[0].at <
        one.items[0].at,
    ).toBe(true);
    for (const cursor of ['x', instantCursor(last), `${instantCursor(1e15)}`])
      expectProblem(await t.call('GET', `/v1/schedules/fires?cursor=${cursor}`), 400, 'bad-request');
    expectProblem(await t.call('GET', '/v1/schedules/hourly/fires?cursor=x'), 400, 'bad-request');
  });

  test('have their next fire on a day that is not left out, however many fires such days have', async () => {
    const days = [0, 1, 2].map(ahead => new Date(Date.now() + ahead * 24 * hour).toISOString().slice(0, 10));
    const t = await setUp([{ job: 'often', cron: '* * * * *', jitterMs: 0, except: days }]);
    const { nextAt } = await t.get('/v1/schedules/often');
    expect(Date.parse(nextAt)).toBe(Date.parse(days[2]!) + 24 * hour);
  });

  test('tell what became of their fires also when they are gone', async () => {
    const t = await setUp();
    const at = Math.floor(Date.now() / hour) * hour;
    await setState(t.store, 'nightly', { last: at, held: [{ at, held: true }] });
    const server = await startScheduler(t.store);
    await eventually(async () => (await firesOf(t.store, 'nightly')).length === 1);
    await applies(t.store, await schedule(t.store, 'b', [HOURLY]));
    await server.stop();
    expectProblem(await t.call('GET', '/v1/schedules/nightly'), 404, 'not-found');
    const { items } = await t.get('/v1/schedules/nightly/fires');
    expect(items).toEqual(await firesOf(t.store, 'nightly'));
    expect(items).toHaveLength(1);
    const all: Fire[] = (await t.get('/v1/schedules/fires')).items;
    expect(all.filter(({ schedule }) => schedule === 'nightly')).toEqual(items);
    expect((await t.get(`/v1/schedules/nightly/fires?app=${APP}`)).items).toEqual(items);
    expectProblem(await t.call('GET', '/v1/schedules/nightly/fires?app=other'), 404, 'not-found');
    expectProblem(await t.call('GET', '/v1/schedules/none/fires'), 404, 'not-found');
  });

  test('of a name that several apps have: it has to be said which', async () => {
    const t = await setUp();
    const id = await schedule(t.store, 'b', [HOURLY], 'other');
    const server = await startScheduler(t.store);
    await applies(t.store, id, 'other');
    await server.stop();
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/fires'],
      ['GET', '/next'],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/fire'],
    ] as const) {
      const answer = await t.call(method, `/v1/schedules/hourly${path}`);
      expectProblem(answer, 409, 'conflict');
      expect(answer.json.detail).toMatch(/billing, other/);
      expect((await t.call(method, `/v1/schedules/hourly${path}?app=other`)).status).toBeLessThan(300);
    }
    expect((await t.get('/v1/schedules')).items).toHaveLength(3);
    expect((await t.get('/v1/schedules?app=other')).items).toMatchObject([{ name: 'hourly', app: 'other' }]);
  });
});

describe('the coming fires', () => {
  test('are those of all, the first first, as far and as many as asked for', async () => {
    const t = await setUp();
    const { items, from, to } = await t.get('/v1/schedules/next?for=48h');
    expect(Date.parse(to) - Date.parse(from)).toBe(48 * hour);
    expect(items).toHaveLength(50);
    const times = items.map(({ at }: { at: string }) => Date.parse(at));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const pages = [];
    let cursor = '';
    do {
      const page = await t.get(`/v1/schedules/next?for=48h&limit=7${cursor && `&cursor=${cursor}`}`);
      pages.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor);
    expect(pages.slice(0, 49)).toEqual(items.slice(0, 49));
    const each = await t.get('/v1/schedules/next?for=48h&each=3');
    expect(each.items.map(({ schedule }: { schedule: string }) => schedule).sort()).toEqual([
      'hourly',
      'hourly',
      'hourly',
      'nightly',
      'nightly',
    ]);
    const one = await t.get('/v1/schedules/nightly/next?for=48h');
    expect(one.items).toHaveLength(2);
  });

  test('name the window that may hold them, and which days are left out', async () => {
    const t = await setUp([HOURLY, { ...NIGHTLY, except: [dayAhead(1)] }]);
    const { store } = t;
    const release = await sampleRelease(store, 'b', {
      app: APP,
      jobs: [{ name: 'hourly', queue: 'hourly' }],
    });
    const next = Math.ceil(Date.now() / hour) * hour;
    const iso = (at: number) => new Date(at).toISOString();
    const window = await declareWindow(store, {
      app: APP,
      release,
      reason: 'new rates',
      createdBy: 'ops',
      startsAt: iso(next + 2 * hour - 60_000),
      drainTimeoutMs: 60_000,
      onDrainTimeout: 'abort',
      maxDurationMs: 600_000,
    });
    const { schedule: recurring } = await addWindowSchedule(store, {
      app: APP,
      cron: `0 ${new Date(next + 5 * hour).getUTCHours()} * * *`,
      timezone: 'UTC',
      reason: 'each day',
      createdBy: 'ops',
      drainTimeoutMs: 60_000,
      onDrainTimeout: 'abort',
      maxDurationMs: 600_000,
    });
    const freeze = await addFreeze(store, {
      app: null,
      from: iso(next),
      to: iso(next + hour),
      reason: 'audit',
      createdBy: 'ops',
    });
    const { items, windows, freezes } = await t.get('/v1/schedules/next?for=12h');
    const held = items.filter((fire: { window: string | null }) => fire.window !== null);
    expect(held).toMatchObject([
      { schedule: 'hourly', at: iso(next + 2 * hour), window: window.id },
      { schedule: 'hourly', at: iso(next + 5 * hour), window: recurring.id },
    ]);
    expect(windows).toMatchObject([
      {
        id: window.id,
        app: APP,
        from: iso(next + 2 * hour - 60_000),
        to: iso(next + 2 * hour + 540_000),
        reason: 'new rates',
      },
      { id: recurring.id, from: iso(next + 5 * hour) },
    ]);
    expect(freezes).toMatchObject([{ id: freeze.id, app: null, from: iso(next), reason: 'audit' }]);
    const far = await t.get('/v1/schedules/nightly/next?for=72h');
    expect(far.items.map(({ skippedFor }: { skippedFor: string | null }) => skippedFor)).toContain(
      `${dayAhead(1)} is left out`,
    );
  });
});

/** The day so many days from now, in Tokyo. */
function dayAhead(days: number): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' });
  return format.format(Date.now() + days * 24 * hour);
}
