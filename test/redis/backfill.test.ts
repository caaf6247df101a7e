import { describe, expect, test } from 'vitest';
import { type Backfill, MOST_BACKFILLED } from '../../src/model/backfill.js';
import { fireRunId } from '../../src/model/schedule.js';
import { createBackfills } from '../../src/schedule/backfill.js';
import { readEvents } from '../../src/store/events.js';
import { liftHold, placeHold } from '../../src/store/holds.js';
import { createLease } from '../../src/store/lease.js';
import { openStore } from '../../src/store/redis.js';
import { readFires, STARTS_KEPT } from '../../src/store/schedules/fires.js';
import { unsentFires } from '../../src/store/schedules/unsent-fires.js';
import { expectProblem, type TestApi, useApi } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { losingAnAnswer } from '../support/lost-answer.js';
import { APP, applied, runsIn, schedule, setState, startScheduler, stateOf } from '../support/schedules.js';

const minute = 60_000;
const hour = 60 * minute;
const PATH = '/v1/schedules/invoice/backfill';
/** Half past each hour, for a day that is over. */
const HALF_PAST = { cron: '30 * * * *', timezone: 'Europe/Berlin', jitterMs: 0, payload: { file: 'a' } };
const DAY = '2026-01-10';
/** The first of that day in Berlin. */
const FIRST = Date.parse('2026-01-09T23:30Z');

interface Stage extends TestApi {
  ask(body: object, schedule?: string): Promise<Backfill>;
  look(id: string): Promise<Backfill>;
  /** The runs that are there, by the instant of their fire. */
  runs(): Promise<Map<number, string>>;
  /** Ends a run as a host would. */
  end(at: number, outcome?: 'completed' | 'failed', id?: string): Promise<void>;
  /** A server that moves backfills on, when it gets the lease. */
  serve(url?: string): Promise<{ stop(): Promise<void> }>;
}

async function setUp(fields: object = {}): Promise<Stage> {
  const t = await useApi();
  const { redis, keys } = t.store;
  await applied(t.store, 'a', [
    { ...HALF_PAST, ...fields },
    { ...HALF_PAST, job: 'report' },
  ]);
  const idOf = (at: number) => fireRunId(APP, 'invoice', at);
  return {
    ...t,
    async ask(body, schedule = 'invoice') {
      const answer = await t.call('POST', `/v1/schedules/${schedule}/backfill`, body);
      expect(answer.status, answer.text).toBe(201);
      return answer.json;
    },
    look: async id => (await t.call('GET', `/v1/backfills/${id}`)).json,
    async runs() {
      const ids = await runsIn(t.queues, ['invoice']);
      const jobs = await Promise.all(ids.map(id => t.queues.get('invoice').getJob(id)));
      return new Map(
        jobs.map(job => [
          Date.parse((job!.opts as { slackwater?: { scheduledFor?: string } }).slackwater!.scheduledFor!),
          job!.id!,
        ]),
      );
    },
    async end(at, outcome = 'completed', id = idOf(at)) {
      await redis.lrem(keys.job('invoice', 'wait'), 1, id);
      await redis.zadd(keys.job('invoice', outcome), at, id);
      const value = outcome === 'completed' ? ['returnvalue', 'null'] : ['failedReason', 'no'];
      await redis.hset(keys.job('invoice', id), 'finishedOn', Date.now(), ...value);
    },
    async serve(url = t.store.url) {
      // As a server it has a connection of its own.
      const store = openStore({ ...t.store.options, url });
      const lease = createLease(store, { owner: `srv-${Math.random()}` });
      const backfills = createBackfills(store, {
        lease,
        onTrouble: error => expect.fail(String(error)),
      });
      await lease.start();
      // By its time nothing is due: it only sends.
      const time = async () => (await stateOf(t.store, 'invoice')).last;
      const scheduler = await startScheduler(store, { lease, time });
      await backfills.start();
      let running = true;
      const stop = async () => {
        if (!running) return;
        running = false;
        await backfills.stop();
        await scheduler.stop();
        await lease.stop();
        store.redis.disconnect();
      };
      onEnd(stop);
      return { stop };
    },
  };
}

const at = (n: number) => FIRST + n * hour;
const progress = async (stage: Stage, id: string) => (await stage.look(id)).progress;

describe('a backfill', () => {
  test('runs each fire of its days, so many at once, and tells how far it is', async () => {
    const stage = await setUp();
    const { id, ...begun } = await stage.ask({ from: DAY, to: DAY, concurrency: 3 });
    expect(begun).toMatchObject({
      app: APP,
      schedule: 'invoice',
      from: '2026-01-09T23:00:00.000Z',
      to: '2026-01-10T22:59:59.999Z',
      state: 'running',
      progress: { total: 24, alreadyRan: 0, left: 24, running: 0 },
    });
    await stage.serve();
    await eventually(async () => (await stage.runs()).size === 3);
    const runs = await stage.runs();
    expect([...runs.keys()].sort()).toEqual([at(0), at(1), at(2)]);
    expect(runs.get(at(0))).toBe(fireRunId(APP, 'invoice', at(0)));
    await stage.end(at(1), 'failed');
    await eventually(async () => (await stage.runs()).has(at(3)));
    expect(await progress(stage, id)).toMatchObject({ left: 20, running: 3, failed: 1, completed: 0 });
    for (let n = 0; n < 24; n++) {
      await eventually(async () => (await stage.runs()).has(at(n)), { what: `the run of fire ${n}` });
      if (n !== 1) await stage.end(at(n));
    }
    const ended = await eventually(async () => {
      const seen = await stage.look(id);
      return seen.state === 'completed' && seen;
    });
    expect(ended.progress).toEqual({
      total: 24,
      alreadyRan: 0,
      held: 0,
      left: 0,
      running: 0,
      completed: 23,
      failed: 1,
      parked: 0,
      cancelled: 0,
      gone: 0,
    });
    expect(await unsentFires(stage.store)).toEqual([]);
    const events = (await readEvents(stage.store, { app: APP })).map(({ type }) => type);
    expect(events.filter(type => type.startsWith('backfill'))).toEqual([
      'backfill.started',
      'backfill.ended',
    ]);
  });

  test('leaves out what an earlier one has run; with `again` it runs all', async () => {
    const stage = await setUp();
    await stage.serve();
    const first = await stage.ask({ from: '2026-01-09T23:00Z', to: '2026-01-10T00:59Z', concurrency: 2 });
    for (const n of [0, 1]) await eventually(async () => (await stage.runs()).has(at(n)));
    for (const n of [0, 1]) await stage.end(at(n));
    await eventually(async () => (await stage.look(first.id)).state === 'completed');
    // Nothing but the record of the backfill knows of it any more.
    await stage.queues.get('invoice').obliterate({ force: true });
    const plan = await stage.call('POST', PATH, { from: DAY, to: DAY, dryRun: true });
    expect(plan.status).toBe(200);
    expect(plan.json).toMatchObject({ total: 24, alreadyRan: 2 });
    expect(plan.json.fires).toHaveLength(22);
    expect(plan.json.fires[0]).toBe(new Date(at(2)).toISOString());
    const again = await stage.ask({
      from: '2026-01-09T23:00Z',
      to: '2026-01-10T00:59Z',
      concurrency: 2,
      again: true,
    });
    await eventually(async () => (await stage.runs()).size === 2);
    expect([...(await stage.runs()).values()].sort()).toEqual(
      [0, 1].map(n => `${fireRunId(APP, 'invoice', at(n))}.${again.id}`),
    );
  });

  test('leaves out what the schedule has started itself, when ledger and run are gone', async () => {
    const stage = await setUp();
    const { redis, keys } = stage.store;
    const last = Math.floor((Date.now() - hour / 2) / hour) * hour - hour / 2;
    await setState(stage.store, 'invoice', { last: last - 2 * hour });
    const server = await startScheduler(stage.store, { time: async () => last + minute });
    await eventually(async () => (await stage.runs()).has(last));
    await server.stop();
    await redis.del(keys.fires(APP, 'invoice'));
    await stage.queues.get('invoice').obliterate({ force: true });
    const span = { from: new Date(last - hour).toISOString(), to: new Date(last).toISOString() };
    const plan = await stage.call('POST', PATH, { ...span, dryRun: true });
    expect(plan.json).toMatchObject({ total: 2, alreadyRan: 1, held: 0, fires: [span.from] });
  });

  test('leaves out what is in its queue', async () => {
    const stage = await setUp();
    await stage.queues.get('invoice').add('invoice', {}, { jobId: fireRunId(APP, 'invoice', at(2)) });
    const plan = await stage.call('POST', PATH, { from: DAY, to: DAY, dryRun: true });
    expect(plan.json).toMatchObject({ total: 24, alreadyRan: 1, held: 0 });
    expect(plan.json.fires).not.toContain(new Date(at(2)).toISOString());
  });

  test('leaves out what is held, and does not say that it ran', async () => {
    const stage = await setUp();
    await setState(stage.store, 'invoice', {
      held: [{ at: at(0), held: true }],
      waiting: [{ at: at(1), missed: true }],
    });
    const { progress } = await stage.ask({ from: DAY, to: DAY });
    expect(progress).toMatchObject({ total: 24, alreadyRan: 0, held: 2, left: 22 });
  });

  test('is refused where it is not known any more what has run, unless that does not matter', async () => {
    const stage = await setUp();
    const { redis, keys } = stage.store;
    const key = keys.started(APP, 'invoice');
    const starts = Array.from({ length: STARTS_KEPT }, (_, i) => at(3) + i).flatMap(at => [at, at]);
    await redis.zadd(key, ...starts);
    const answer = await stage.call('POST', PATH, { from: DAY, to: DAY });
    expectProblem(answer, 422, 'invalid-body');
    const since = new Date(at(3)).toISOString();
    expect(answer.json.errors).toMatchObject([
      { pointer: '/from', detail: expect.stringMatching(`of 3 fires .* begin at ${since}, or .*--again`) },
    ]);
    const dryRun = (body: object) => stage.call('POST', PATH, { to: DAY, dryRun: true, ...body });
    expect((await dryRun({ from: since })).json).toMatchObject({ total: 21, alreadyRan: 1 });
    expect((await dryRun({ from: DAY, again: true })).json).toMatchObject({ total: 24, alreadyRan: 0 });
  });

  test('has nothing to do: it is over as it begins', async () => {
    const stage = await setUp();
    const none = await stage.ask({ from: '2026-01-10T00:00Z', to: '2026-01-10T00:01Z' });
    expect(none).toMatchObject({
      state: 'completed',
      progress: { total: 0, left: 0 },
      endedAt: expect.any(String),
    });
  });

  test('begins with the newest where it is asked to, and leaves days out that the schedule does', async () => {
    const stage = await setUp({ except: ['01-10'] });
    await stage.serve();
    const { id } = await stage.ask({ from: '2026-01-10', to: '2026-01-11', reverse: true });
    // Recorded first, enqueued a moment later.
    await eventually(async () => (await stage.runs()).size === 1);
    expect([...(await stage.runs()).keys()]).toEqual([at(47)]);
    expect(await progress(stage, id)).toMatchObject({ total: 24, running: 1 });
  });

  test('waits while its queue is held, and while the release has no such schedule; then it goes on', async () => {
    const stage = await setUp();
    const until = new Date(Date.now() + hour).toISOString();
    const hold = await placeHold(stage.store, {
      owner: 'ops',
      reason: 'stocktaking',
      until,
      queues: ['invoice'],
    });
    await stage.serve();
    const { id } = await stage.ask({ from: DAY, to: DAY });
    const waits = async (why: RegExp) => why.test((await stage.look(id)).waitsFor ?? '');
    await eventually(() => waits(/queue invoice is held: stocktaking/));
    expect(await stage.runs()).toEqual(new Map());
    const { redis, keys } = stage.store;
    const kept = (await redis.hget(keys.schedules(APP), 'invoice'))!;
    await redis.hdel(keys.schedules(APP), 'invoice');
    await eventually(() => waits(/the release that runs has no schedule invoice/));
    await liftHold(stage.store, hold.id);
    await redis.hset(keys.schedules(APP), 'invoice', kept);
    await eventually(async () => (await stage.runs()).has(at(0)));
    expect((await stage.look(id)).waitsFor).toBeNull();
  });

  test('is cancelled: nothing more starts, and it is over when what it had started is', async () => {
    const stage = await setUp();
    await stage.serve();
    const { id } = await stage.ask({ from: DAY, to: DAY, concurrency: 2 });
    await eventually(async () => (await stage.runs()).size === 2);
    const asked = await stage.call('POST', `/v1/backfills/${id}/cancel`, undefined, {
      'x-slackwater-actor': 'ada',
    });
    expect(asked.json).toMatchObject({ state: 'cancelling', cancelledBy: 'ada', waitsFor: null });
    await stage.end(at(0));
    await eventually(async () => (await progress(stage, id)).running === 1);
    expect((await stage.look(id)).state).toBe('cancelling');
    await stage.end(at(1));
    const ended = await eventually(async () => {
      const seen = await stage.look(id);
      return seen.state === 'cancelled' && seen;
    });
    expect(ended.progress).toMatchObject({ left: 22, completed: 2 });
    expect((await stage.runs()).size).toBe(2);
    // Another one goes on with the rest.
    const next = await stage.ask({ from: DAY, to: DAY });
    expect(next.progress).toMatchObject({ alreadyRan: 2, left: 22 });
    expectProblem(await stage.call('POST', PATH, { from: DAY }), 409, 'conflict');
    expect((await stage.call('GET', '/v1/backfills')).json.items.map((each: Backfill) => each.id)).toEqual([
      next.id,
      id,
    ]);
    expectProblem(await stage.call('POST', `/v1/backfills/bf-none/cancel`), 404, 'not-found');
  });

  test('goes on where a server died after it had recorded a run and before it had sent it', async () => {
    const stage = await setUp();
    const { redis, keys } = stage.store;
    const first = await stage.serve();
    const { id } = await stage.ask({ from: DAY, to: DAY });
    await eventually(async () => (await stage.runs()).has(at(0)));
    await first.stop();
    // As if it had died: the run is on the list, and not in the queue, which takes nothing for now.
    const runId = fireRunId(APP, 'invoice', at(0));
    const unsent = {
      app: APP,
      schedule: 'invoice',
      queue: 'invoice',
      job: 'invoice',
      id: runId,
      scheduledFor: new Date(at(0)).toISOString(),
      payload: {},
    };
    await redis.hset(keys.unsentFires, `${APP} invoice ${runId}`, JSON.stringify(unsent));
    await stage.queues.get('invoice').obliterate({ force: true });
    const counter = keys.job('invoice', 'id');
    await redis.rpush(counter, 'no number');
    await stage.serve();
    // Each look goes through all of them: when the other one has begun, this one was looked at.
    await stage.ask({ from: DAY, to: DAY }, 'report');
    await eventually(async () => (await runsIn(stage.queues, ['report'])).length === 1);
    expect(await progress(stage, id)).toMatchObject({ running: 1, gone: 0, completed: 0 });
    await redis.del(counter);
    await eventually(async () => (await stage.runs()).has(at(0)));
    await stage.queues.get('invoice').obliterate({ force: true });
    await eventually(async () => (await progress(stage, id)).gone === 1);
  });

  test('goes on where the answer to one of its steps is lost: the server that took it does not know', async () => {
    const stage = await setUp();
    const link = await losingAnAnswer(stage.store.url, sent => sent.includes('run by backfill'));
    await stage.serve(link.url);
    const { id } = await stage.ask({ from: DAY, to: DAY });
    await eventually(async () => (await stage.runs()).has(at(0)));
    expect(link.lost()).toBe(true);
    expect(await progress(stage, id)).toMatchObject({ running: 1, left: 23 });
    await stage.end(at(0));
    await eventually(async () => (await stage.runs()).has(at(1)));
  });

  test('is in the ledger: the fires of the last 30 days are late, with their run', async () => {
    const stage = await setUp();
    await setState(stage.store, 'invoice', { last: Date.now() });
    const last = Math.floor((Date.now() - hour / 2) / hour) * hour - hour / 2;
    await stage.serve();
    const { id } = await stage.ask({
      from: new Date(last - 1).toISOString(),
      to: new Date(last).toISOString(),
    });
    await eventually(async () => (await stage.runs()).has(last));
    const { items } = await readFires(stage.store, { app: APP, schedule: 'invoice' });
    expect(items).toMatchObject([
      {
        at: new Date(last).toISOString(),
        fate: 'late',
        reason: `run by backfill ${id}`,
        run: fireRunId(APP, 'invoice', last),
      },
    ]);
  });

  test.each([
    [{}, '/from', /is missing/],
    [{ from: 'yesterday' }, '/from', /must be a day such as/],
    [{ from: '2026-02-30' }, '/from', /must be a day such as/],
    [{ from: '2999-01-01' }, '/from', /lies in the future/],
    [{ from: DAY, to: '2026-01-09' }, '/to', /must not be before/],
    [{ from: DAY, concurrency: 0 }, '/concurrency', /./],
    [{ from: DAY, concurrency: 101 }, '/concurrency', /./],
    [{ from: DAY, speed: 2 }, '/speed', /not known/],
    [{ from: '2020-01-01', to: '2026-01-01' }, '/to', /more than 10,000 fires/],
  ])('of %j is refused at %s, and nothing is stored', async (body, pointer, detail) => {
    const stage = await setUp();
    const answer = await stage.call('POST', PATH, body);
    expectProblem(answer, 422, 'invalid-body');
    expect(answer.json.errors).toMatchObject([{ pointer, detail: expect.stringMatching(detail) }]);
    expect(await stage.store.redis.exists(stage.store.keys.backfills, stage.store.keys.openBackfills)).toBe(
      0,
    );
  });

  test('of as many fires as it may have begins', async () => {
    const stage = await setUp({ cron: '* * * * *' });
    const to = new Date(Date.parse(`${DAY}T00:00Z`) + (MOST_BACKFILLED - 1) * 60_000).toISOString();
    const { progress } = await stage.ask({ from: `${DAY}T00:00Z`, to });
    expect(progress).toMatchObject({ total: MOST_BACKFILLED, left: MOST_BACKFILLED });
  });

  test('of a schedule that is not there is not found', async () => {
    const stage = await setUp();
    expectProblem(await stage.call('POST', '/v1/schedules/none/backfill', { from: DAY }), 404, 'not-found');
  });
});

test('a schedule of the same name in another app: it has to be said which', async () => {
  const stage = await setUp();
  const { store } = stage;
  await schedule(store, 'b', [HALF_PAST], 'other');
  await store.redis.hset(
    store.keys.appliedSchedules,
    'other',
    JSON.stringify({ release: 'b'.repeat(12), at: Date.now() }),
  );
  await store.redis.hset(
    store.keys.schedules('other'),
    'invoice',
    (await store.redis.hget(store.keys.schedules(APP), 'invoice'))!,
  );
  const answer = await stage.call('POST', PATH, { from: DAY });
  expectProblem(answer, 409, 'conflict');
  expect(answer.json.detail).toMatch(/billing, other/);
  expect(
    (await stage.call('POST', `${PATH}?app=${APP}&dryRun=true`, { from: DAY, to: DAY })).json.total,
  ).toBe(24);
});
