import { Worker } from 'bullmq';
import { describe, expect, test } from 'vitest';
import type { Fire } from '../../src/model/schedule.js';
import { createQueues } from '../../src/queue/queues.js';
import { showRun } from '../../src/queue/runs.js';
import { fireByHand } from '../../src/schedule/fire-by-hand.js';
import { readEvents } from '../../src/store/events.js';
import { firesOfWindow, recordByHand, unsentFires } from '../../src/store/fires.js';
import { liftHold, placeHold } from '../../src/store/holds.js';
import { createLease } from '../../src/store/lease.js';
import { connect, redisNow } from '../../src/store/redis.js';
import { runRequests } from '../../src/store/run-requests.js';
import { findSchedule, listSchedules, pauseSchedule, resumeSchedule } from '../../src/store/schedules.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { losingAnAnswer } from '../support/lost-answer.js';
import { describeWithRedisBinary, privateRedis } from '../support/private-redis.js';
import { sampleRelease } from '../support/sample-releases.js';
import {
  APP,
  applied,
  applies,
  firesOf,
  hoursAgo,
  runsIn,
  schedule,
  setState,
  startScheduler,
  stateOf,
} from '../support/schedules.js';
import { type TestStore, useStore } from '../support/store.js';

const second = 1_000;
const minute = 60_000;
const hour = 3_600_000;
/** Each second, and each that waits for the one before has its turn. */
const EACH_SECOND = { cron: '* * * * * *', jitterMs: 0 };

const fates = (fires: Fire[]): string[] => fires.map(({ fate }) => fate);
const instants = (fires: Fire[]): number[] => fires.map(({ at }) => Date.parse(at));

function queuesOf(store: TestStore) {
  const queues = createQueues(store);
  onEnd(() => queues.close());
  return queues;
}

/** Does the runs of a queue, each at once. */
function doRuns(store: TestStore, queue: string): void {
  const connection = connect({ url: store.url });
  const worker = new Worker(queue, async () => {}, {
    connection: connection as never,
    prefix: store.queuePrefix,
  });
  worker.on('error', () => {});
  onEnd(async () => {
    await worker.close(true);
    connection.disconnect();
  });
}

describe('the schedules of an app', () => {
  test('follow its release, there and back, and tell what changed', async () => {
    const store = useStore();
    const server = await startScheduler(store);
    const first = await schedule(store, 'a', [{ job: 'stays' }, { job: 'goes' }, { job: 'moves' }]);
    await applies(store, first);
    expect(await listSchedules(store, APP)).toMatchObject([
      { job: 'goes', app: APP, release: first, queue: 'goes', cron: '0 2 * * *', paused: null },
      { job: 'moves' },
      { job: 'stays' },
    ]);
    const second = await schedule(store, 'b', [
      { job: 'stays' },
      { job: 'comes' },
      { job: 'moves', cron: '0 3 * * *' },
    ]);
    await applies(store, second);
    expect((await listSchedules(store)).map(({ job }) => job)).toEqual(['comes', 'moves', 'stays']);
    await schedule(store, 'a', [{ job: 'stays' }, { job: 'goes' }, { job: 'moves' }]);
    await applies(store, first);
    expect((await listSchedules(store)).map(({ job, cron }) => `${job} ${cron}`)).toEqual([
      'goes 0 2 * * *',
      'moves 0 2 * * *',
      'stays 0 2 * * *',
    ]);
    const told = server.events.flatMap(event => (event.type === 'applied' ? [event.diff] : []));
    expect(told).toMatchObject([
      { added: ['goes', 'moves', 'stays'], removed: [], changed: [] },
      {
        added: ['comes'],
        removed: ['goes'],
        changed: [{ schedule: 'moves', fields: [{ field: 'cron', from: '0 2 * * *', to: '0 3 * * *' }] }],
      },
      { added: ['goes'], removed: ['comes'], changed: [{ schedule: 'moves' }] },
    ]);
    const types = (await readEvents(store, { app: APP })).map(({ type }) => type);
    expect(types.filter(type => type === 'schedules.applied')).toHaveLength(3);
  });

  test('that are new have no past, those that fire at other times only that of their former ones; what else changes leaves theirs alone', async () => {
    const store = useStore();
    const { cron, hours } = await hoursAgo(store, 3);
    await applied(store, 'a', [
      { job: 'retimed', cron },
      { job: 'reruled', cron },
    ]);
    for (const name of ['retimed', 'reruled']) await setState(store, name, { last: hours[0]! });
    const release = await schedule(store, 'b', [
      { job: 'retimed', cron: `*/30 ${cron}` },
      { job: 'reruled', cron, missed: 'skip' },
      { job: 'fresh', cron },
    ]);
    await startScheduler(store);
    await applies(store, release);
    await eventually(async () => (await firesOf(store, 'reruled')).length === 2);
    expect(fates(await firesOf(store, 'reruled'))).toEqual(['skipped', 'skipped']);
    await eventually(async () => (await firesOf(store, 'retimed')).length === 2);
    expect(instants(await firesOf(store, 'retimed'))).toEqual(hours.slice(1));
    expect(await firesOf(store, 'fresh')).toEqual([]);
  });

  test('do not change while a window holds intake: one that goes back has changed nothing', async () => {
    const store = useStore();
    const server = await startScheduler(store);
    const first = await schedule(store, 'a', [{ job: 'nightly' }]);
    await applies(store, first);
    const { redis, keys } = store;
    const intent = await redis.get(keys.intent(APP));
    const release = await sampleRelease(store, 'b', {
      jobs: [{ name: 'other' }],
      schedules: [{ job: 'other' }],
    });
    await redis.set(keys.intent(APP), JSON.stringify({ ...JSON.parse(intent!), release, gate: 'closed' }));
    // Who leads has looked: it sends what a person asks for.
    const look = async () => {
      const { fire } = await recordByHand(store, APP, await findSchedule(store, 'nightly'), { by: 'ann' });
      await eventually(async () => (await unsentFires(store)).length === 0);
      return fire;
    };
    await look();
    await startScheduler(store);
    await server.stop();
    await look();
    expect((await listSchedules(store)).map(({ job }) => job)).toEqual(['nightly']);
    await redis.set(keys.intent(APP), intent!);
    await look();
    expect(server.events.filter(({ type }) => type === 'applied')).toHaveLength(1);
  });
});

describe('a fire that is due', () => {
  test('runs once, under the ID of its instant, and says for when', async () => {
    const store = useStore();
    const queues = queuesOf(store);
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often', overlap: 'skip', payload: { day: 1 } }]);
    await startScheduler(store);
    const [fire] = await eventually(async () => {
      const fires = await firesOf(store, 'often');
      return fires.length > 0 && fires;
    });
    expect(fire).toMatchObject({ schedule: 'often', app: APP, fate: 'ran', reason: 'on time' });
    const compact = fire!.at.replaceAll(/[-:]|\.000/g, '');
    expect(fire!.run).toBe(`billing.often.${compact}`);
    const run = await eventually(() => showRun(store, fire!.run!));
    expect(run).toMatchObject({ job: 'often', scheduledFor: fire!.at, payload: { day: 1 }, state: 'queued' });
    // Its run has not ended: those after it are left out.
    await eventually(
      async () => fates(await firesOf(store, 'often')).filter(fate => fate === 'skipped').length > 1,
    );
    expect(await runsIn(queues, ['often'])).toEqual([fire!.run]);
  });

  test('has one fate whoever fires: two servers, one after the other, and one that does not know it was replaced', async () => {
    const store = useStore();
    const queues = queuesOf(store);
    const names = Array.from({ length: 20 }, (_, i) => `often-${i}`);
    await schedule(
      store,
      'a',
      names.map(job => ({ ...EACH_SECOND, job, overlap: 'replace' as const })),
    );
    const first = await startScheduler(store);
    await startScheduler(store);
    const stale = { owner: 'srv-stale', term: 1, held: () => true, onChange: () => () => {} };
    const replaced = await startScheduler(store, { lease: stale });
    const enough = (count: number) =>
      eventually(async () =>
        (await Promise.all(names.map(name => firesOf(store, name)))).every(fires => fires.length >= count),
      );
    await enough(3);
    await first.stop();
    await enough(6);
    expect(replaced.events.filter(({ type }) => type === 'fires')).toEqual([]);
    for (const name of names) {
      const fires = await firesOf(store, name);
      const times = instants(fires);
      expect(times.slice(1).map((at, i) => at - times[i]!)).toEqual(Array(times.length - 1).fill(second));
      const ran = fires.flatMap(({ run }) => run ?? []);
      expect(new Set(ran).size).toBe(ran.length);
    }
    await eventually(async () => (await unsentFires(store)).length === 0);
    const all = (await Promise.all(names.map(name => firesOf(store, name)))).flat();
    const ran = all.flatMap(({ run }) => run ?? []);
    expect((await runsIn(queues, names)).sort()).toEqual(expect.arrayContaining(ran.sort()));
  });

  test('that a server recorded and did not send is sent by the next one, once', async () => {
    const store = useStore();
    const queues = queuesOf(store);
    await applied(store, 'a', [{ job: 'nightly' }]);
    const { fire } = await recordByHand(store, APP, await findSchedule(store, 'nightly'), { by: 'ann' });
    expect(await runsIn(queues, ['nightly'])).toEqual([]);
    await startScheduler(store);
    await eventually(async () => (await unsentFires(store)).length === 0);
    expect(await runsIn(queues, ['nightly'])).toEqual([fire.run]);
  });

  test('that a server recorded without hearing so is sent by itself, in the same term', async () => {
    const store = useStore();
    const queues = queuesOf(store);
    const { cron, hours } = await hoursAgo(store, 2);
    await applied(store, 'a', [{ job: 'nightly', cron }]);
    await setState(store, 'nightly', { last: hours[0]! });
    const link = await losingAnAnswer(store.url, sent => sent.includes('"fate":"late"'));
    const lease = createLease(store, { owner: 'srv-1', ttlMs: 60_000 });
    onEnd(() => lease.stop());
    await lease.start();
    const { term } = lease;
    await startScheduler({ ...store, options: { ...store.options, url: link.url } }, { lease });
    await eventually(async () => (await runsIn(queues, ['nightly'])).length === 1);
    expect(link.lost()).toBe(true);
    expect(lease.term).toBe(term);
    const [fire, ...others] = await firesOf(store, 'nightly');
    expect(others).toEqual([]);
    expect(await runsIn(queues, ['nightly'])).toEqual([fire!.run]);
    await eventually(async () => (await unsentFires(store)).length === 0);
  });

  test('whose queue takes nothing is sent when it does again, and keeps no other waiting', async () => {
    const store = useStore();
    const queues = queuesOf(store);
    const { cron, hours } = await hoursAgo(store, 2);
    await applied(store, 'a', [
      { job: 'good', cron },
      { job: 'bad', cron },
    ]);
    for (const name of ['good', 'bad']) await setState(store, name, { last: hours[0]! });
    const counter = store.keys.job('bad', 'id');
    await store.redis.rpush(counter, 'no number');
    const server = await startScheduler(store);
    await eventually(async () => (await runsIn(queues, ['good'])).length === 1);
    await eventually(() => server.events.some(({ type }) => type === 'trouble'));
    expect(fates(await firesOf(store, 'bad'))).toEqual(['late']);
    expect(await unsentFires(store)).toHaveLength(1);
    await store.redis.del(counter);
    await eventually(async () => (await unsentFires(store)).length === 0);
    expect(await runsIn(queues, ['bad'])).toEqual([(await firesOf(store, 'bad'))[0]!.run]);
  });

  test('fires nothing again when the clock goes back, and goes on where it was', async () => {
    const store = useStore();
    let shift = 0;
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often', overlap: 'replace' }]);
    await startScheduler(store, { time: async () => (await redisNow(store.redis)) + shift * second });
    const more = async () => {
      const { length } = await firesOf(store, 'often');
      await eventually(async () => (await firesOf(store, 'often')).length > length + 1);
    };
    await more();
    shift = 60;
    await eventually(async () => (await firesOf(store, 'often')).length > 60);
    shift = 55;
    const before = await firesOf(store, 'often');
    await more();
    const after = await firesOf(store, 'often');
    const times = instants(after);
    expect(times).toEqual([...new Set(times)]);
    expect(instants(before).every(at => times.includes(at))).toBe(true);
    expect(times.slice(1).every((at, i) => at - times[i]! === second)).toBe(true);
  });
});

describe('fires that nobody was there for', () => {
  test('have the fates that their schedules say, in ledger and queue', async () => {
    const store = useStore();
    const queues = queuesOf(store);
    const { cron, hours } = await hoursAgo(store, 5);
    const names = ['latest', 'all', 'skip'] as const;
    await applied(
      store,
      'a',
      names.map(missed => ({ job: missed, cron, missed, jitterMs: 0 })),
    );
    for (const name of names) await setState(store, name, { last: hours[0]! });
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'all')).length === 4);
    await eventually(async () => (await unsentFires(store)).length === 0);
    const told = Object.fromEntries(
      await Promise.all(names.map(async name => [name, fates(await firesOf(store, name))] as const)),
    );
    expect(told).toEqual({
      latest: ['coalesced', 'coalesced', 'coalesced', 'late'],
      all: ['late', 'held', 'held', 'held'],
      skip: ['skipped', 'skipped', 'skipped', 'skipped'],
    });
    for (const name of names) expect(instants(await firesOf(store, name))).toEqual(hours.slice(1));
    const late = [(await firesOf(store, 'all'))[0]!.run, (await firesOf(store, 'latest'))[3]!.run];
    expect((await runsIn(queues, ['latest', 'all', 'skip'])).sort()).toEqual(late.sort());

    // One after another, as their runs end.
    for (let ended = 1; ended <= 4; ended++) {
      await queues.get('all').drain();
      if (ended < 4)
        await eventually(
          async () => fates(await firesOf(store, 'all')).filter(fate => fate === 'late').length > ended,
        );
      await eventually(async () => (await unsentFires(store)).length === 0);
    }
    expect(fates(await firesOf(store, 'all'))).toEqual(['late', 'late', 'late', 'late']);
  });

  test('are let go at a rate, while one on time goes at once', async () => {
    const store = useStore();
    const { cron, hours } = await hoursAgo(store, 2);
    const names = Array.from({ length: 8 }, (_, i) => `job-${i}`);
    await applied(store, 'a', [
      ...names.map(job => ({ job, cron })),
      { ...EACH_SECOND, job: 'often', overlap: 'replace' as const },
    ]);
    for (const name of names) await setState(store, name, { last: hours[0]! });
    await startScheduler(store, { backlogPerSecond: 2 });
    const all = async () => (await Promise.all(names.map(name => firesOf(store, name)))).flat();
    await eventually(async () => fates(await all()).includes('held'));
    const [waits] = (await all()).filter(({ fate }) => fate === 'held');
    expect(waits!.reason).toMatch(/backlogPerSecond/);
    await eventually(async () => (await all()).every(({ fate }) => fate === 'late'));
    expect(
      (await firesOf(store, 'often')).filter(({ fate }) => fate === 'ran' || fate === 'late').length,
    ).toBeGreaterThan(1);
  });
});

test('a schedule that cannot be understood keeps no other from its fires, and goes on when it can', async () => {
  const store = useStore();
  const { cron, hours } = await hoursAgo(store, 2);
  const [good, bad] = [
    { job: 'good', cron },
    { job: 'bad', cron, timezone: 'Mars/Olympus' },
  ];
  await applied(store, 'a', [good, bad]);
  for (const name of ['good', 'bad'])
    await setState(store, name, { last: hours[1]!, held: [{ at: hours[1]!, held: true }] });
  const server = await startScheduler(store);
  await eventually(async () => fates(await firesOf(store, 'good'))[0] === 'late');
  const told = server.events.filter(event => event.type === 'trouble');
  expect(told.map(({ error }) => String(error)).join()).toMatch(/schedule bad of app billing is set aside/);
  await schedule(store, 'b', [good, { ...bad, timezone: 'UTC' }]);
  await eventually(async () => fates(await firesOf(store, 'bad'))[0] === 'late');
});

test('a great backlog of many schedules keeps none on time waiting', async () => {
  const store = useStore();
  const names = Array.from({ length: 100 }, (_, i) => `job-${i}`);
  await applied(store, 'a', [
    ...names.map(job => ({ job, cron: '* * * * *', overlap: 'queue' as const })),
    { ...EACH_SECOND, job: 'often', overlap: 'replace' as const },
  ]);
  const now = await redisNow(store.redis);
  for (const name of names) await setState(store, name, { last: now - 20 * hour });
  await setState(store, 'often', { last: now });
  await startScheduler(store);
  const behind = async () =>
    (await listSchedules(store)).filter(({ state }) => state.last < now - 2 * minute);
  await eventually(async () => (await behind()).length === 0, { timeout: 120_000, every: 500 });
  const often = await firesOf(store, 'often');
  expect(often.length).toBeGreaterThan(2);
  expect(often.filter(({ fate, reason }) => fate === 'coalesced' || reason.startsWith('nobody'))).toEqual([]);
  // 1,200 were due: the newest are told one by one, those before them in one entry.
  const fires = await firesOf(store, names[0]!);
  expect(fires.length).toBeGreaterThan(750);
  expect(fires[0]!.reason).toMatch(/more were missed than are told one by one/);
  // Of a minute that has just begun the latest is on time.
  const others = fates(fires.slice(1)).filter(fate => !['coalesced', 'late', 'held', 'ran'].includes(fate));
  expect(others).toEqual([]);
});

describe('the run before', () => {
  test('is waited for, or cancelled, as the schedule says', async () => {
    const store = useStore();
    const queues = queuesOf(store);
    await schedule(store, 'a', [
      { ...EACH_SECOND, job: 'queue', overlap: 'queue' },
      { ...EACH_SECOND, job: 'replace', overlap: 'replace' },
    ]);
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'queue')).length > 3);
    expect(fates(await firesOf(store, 'queue')).slice(0, 4)).toEqual(['ran', 'held', 'held', 'held']);
    expect(await runsIn(queues, ['queue'])).toHaveLength(1);
    await queues.get('queue').drain();
    await eventually(async () => (await firesOf(store, 'queue'))[1]!.fate === 'late');

    await eventually(async () => (await runsIn(queues, ['replace'])).length > 2);
    const ran = (await firesOf(store, 'replace')).flatMap(({ run }) => run ?? []);
    for (const run of ran.slice(0, 2)) expect((await showRun(store, run)).state).toBe('cancelled');
  });
});

test('a run that is to be replaced is asked to end, and that is told once', async () => {
  const store = useStore();
  const { cron, hours } = await hoursAgo(store, 2);
  await applied(store, 'a', [{ job: 'nightly', cron, overlap: 'replace' }]);
  const first = await startScheduler(store);
  const { fire } = await recordByHand(store, APP, await findSchedule(store, 'nightly'), { by: 'ann' });
  await eventually(async () => (await unsentFires(store)).length === 0);
  await first.stop();
  // It computes, and does not hear.
  const run = store.keys.run('nightly', fire.run!);
  await store.redis.hset(run, 'startedAt', Date.now());
  await setState(store, 'nightly', { last: hours[0]! });
  let asked = 0;
  const listener = store.redis.duplicate();
  onEnd(() => listener.disconnect());
  await listener.subscribe(runRequests(store));
  listener.on('message', (_, text) => text.includes('"cancel"') && asked++);
  await startScheduler(store);
  await eventually(() => asked > 2);
  expect(await store.redis.hget(run, 'cancel')).toBe('1');
  const events = (await readEvents(store, { app: APP })).filter(({ type }) => type === 'run.state');
  expect(events).toHaveLength(1);
});

describe('a hold', () => {
  test('of a window keeps fires, which the window names; afterwards they follow their rule', async () => {
    const store = useStore();
    await schedule(store, 'a', [
      { ...EACH_SECOND, job: 'latest', overlap: 'queue' },
      { ...EACH_SECOND, job: 'skip', missed: 'skip' },
    ]);
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'latest')).length > 0);
    const until = new Date((await redisNow(store.redis)) + hour).toISOString();
    const hold = {
      id: 'hold-1',
      owner: 'window:win-1',
      reason: 'deploy',
      placedAt: until,
      until,
      queues: ['latest', 'skip'],
    };
    await store.redis.hset(store.keys.holds, hold.id, JSON.stringify(hold));
    const held = () => firesOfWindow(store, 'win-1', APP);
    await eventually(async () => (await held()).length >= 6);
    const meanwhile = await held();
    expect(fates(meanwhile).every(fate => fate === 'held')).toBe(true);
    expect(new Set(meanwhile.map(({ schedule }) => schedule))).toEqual(new Set(['latest', 'skip']));
    expect(meanwhile[0]).toMatchObject({
      run: null,
      window: 'win-1',
      reason: 'window win-1 holds its queue',
    });

    await store.redis.hdel(store.keys.holds, hold.id);
    await eventually(async () => !fates((await held()).slice(0, 6)).includes('held'));
    const after = await held();
    expect(new Set(fates(after.filter(({ schedule }) => schedule === 'skip')))).toEqual(new Set(['skipped']));
    expect(fates(after.filter(({ schedule }) => schedule === 'latest'))[0]).toBe('coalesced');
    for (const fire of after)
      expect((await firesOf(store, fire.schedule)).find(({ at }) => at === fire.at)).toEqual(fire);
  });

  test('of a person keeps them as well', async () => {
    const store = useStore();
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often' }]);
    const until = new Date((await redisNow(store.redis)) + hour).toISOString();
    const hold = await placeHold(store, { owner: 'ann', reason: 'a look', until, queues: ['often'] });
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'often')).length > 1);
    expect((await firesOf(store, 'often'))[0]).toMatchObject({
      fate: 'held',
      reason: expect.stringContaining('ann holds its queue until'),
    });
    await liftHold(store, hold.id);
    await eventually(async () => (await stateOf(store, 'often')).held.length === 0);
    expect(fates(await firesOf(store, 'often'))).not.toContain('held');
  });

  test('keeps fires whose schedule is gone when they might run: they are skipped, and the release is named', async () => {
    const store = useStore();
    const { hours } = await hoursAgo(store, 2);
    await applied(store, 'a', [{ job: 'gone' }, { job: 'stays' }]);
    await setState(store, 'gone', {
      held: [{ at: hours[0]!, held: true, window: 'win-1' }],
      waiting: [{ at: hours[1]!, missed: true }],
    });
    const release = await schedule(store, 'b', [{ job: 'stays' }]);
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'gone')).length === 2);
    expect(await firesOf(store, 'gone')).toMatchObject(
      hours.map(at => ({
        at: new Date(at).toISOString(),
        fate: 'skipped',
        reason: `release ${release} has no such schedule`,
      })),
    );
  });
});

describe('a person', () => {
  test('lets a schedule rest, through releases, and go on', async () => {
    const store = useStore();
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often', overlap: 'replace' }]);
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'often')).length > 0);
    const paused = await pauseSchedule(store, { name: 'often' }, { by: 'ann', reason: 'a look' });
    expect(paused.paused).toMatchObject({ by: 'ann', reason: 'a look' });
    expect((await pauseSchedule(store, { name: 'often' }, { by: 'bob' })).paused).toEqual(paused.paused);
    const skipped = async () =>
      fates(await firesOf(store, 'often')).filter(fate => fate === 'skipped').length;
    await eventually(async () => (await skipped()) > 1);
    expect((await firesOf(store, 'often')).at(-1)).toMatchObject({
      fate: 'skipped',
      reason: 'paused by ann: a look',
    });
    const next = await schedule(store, 'b', [
      { ...EACH_SECOND, job: 'often', overlap: 'replace', timezone: 'Europe/Berlin' },
    ]);
    await applies(store, next);
    const before = await skipped();
    await eventually(async () => (await skipped()) > before + 1);
    expect((await resumeSchedule(store, { name: 'often' }, { by: 'ann' })).paused).toBeNull();
    await eventually(async () => ['ran', 'late'].includes((await firesOf(store, 'often')).at(-1)!.fate));
    const types = (await readEvents(store, { app: APP })).map(({ type }) => type);
    expect(types.filter(type => /^schedule\.(paused|resumed)$/.test(type))).toEqual([
      'schedule.paused',
      'schedule.resumed',
    ]);
    await expect(pauseSchedule(store, { name: 'none' }, { by: 'ann' })).rejects.toThrow(/no schedule none/);
  });

  test('fires a schedule whose queue takes nothing now: it is recorded, and its run comes, once', async () => {
    const store = useStore();
    const queues = queuesOf(store);
    await applied(store, 'a', [{ job: 'nightly' }]);
    const counter = store.keys.job('nightly', 'id');
    await store.redis.rpush(counter, 'no number');
    const retention = { completedMs: 1, failedMs: 1 };
    const fire = await fireByHand(store, queues, { name: 'nightly' }, { by: 'ann', retention });
    expect(await firesOf(store, 'nightly')).toEqual([fire]);
    const server = await startScheduler(store);
    await eventually(() => server.events.some(({ type }) => type === 'trouble'));
    await store.redis.del(counter);
    await eventually(async () => (await unsentFires(store)).length === 0);
    expect(await runsIn(queues, ['nightly'])).toEqual([fire.run]);
  });

  test('fires a schedule, and its next fire sees that run', async () => {
    const store = useStore();
    const queues = queuesOf(store);
    await schedule(store, 'a', [{ job: 'nightly', payload: { day: 2 } }]);
    const server = await startScheduler(store);
    await eventually(async () => (await listSchedules(store, APP)).length === 1);
    const retention = { completedMs: 1, failedMs: 1 };
    const fire = await fireByHand(store, queues, { name: 'nightly' }, { by: 'ann', retention });
    expect(fire).toMatchObject({ schedule: 'nightly', fate: 'ran', reason: 'asked for by ann' });
    expect(await showRun(store, fire.run!)).toMatchObject({
      job: 'nightly',
      payload: { day: 2 },
      scheduledFor: fire.at,
    });
    expect(await firesOf(store, 'nightly')).toEqual([fire]);
    await server.stop();
    const { cron, hours } = await hoursAgo(store, 2);
    await applied(store, 'b', [{ job: 'nightly', cron }]);
    await setState(store, 'nightly', { last: hours[0]! });
    await startScheduler(store);
    await eventually(async () => (await firesOf(store, 'nightly')).length > 1);
    expect((await firesOf(store, 'nightly'))[0]).toMatchObject({
      fate: 'skipped',
      reason: `run ${fire.run} has not ended (overlap: skip)`,
    });
  });
});

describeWithRedisBinary('when Redis is killed and comes back', () => {
  test('no fire is lost or comes twice', async () => {
    const redis = await privateRedis();
    const store = useStore(redis.url);
    const queues = queuesOf(store);
    doRuns(store, 'often');
    await schedule(store, 'a', [{ ...EACH_SECOND, job: 'often', overlap: 'queue' }]);
    const server = await startScheduler(store);
    const more = async () => {
      const { length } = await firesOf(store, 'often');
      await eventually(async () => (await firesOf(store, 'often')).length > length + 1);
    };
    await more();
    await redis.restart();
    await more();
    await redis.restart();
    await more();
    await server.stop();
    const fires = await firesOf(store, 'often');
    const times = instants(fires);
    expect(times.slice(1).map((at, i) => at - times[i]!)).toEqual(Array(times.length - 1).fill(second));
    // Whoever comes next sends what was recorded in the last moment, and starts what still waits.
    await startScheduler(store, { time: async () => times.at(-1)! });
    await eventually(async () => fates(await firesOf(store, 'often')).every(fate => fate !== 'held'));
    await eventually(async () => (await unsentFires(store)).length === 0);
    const runs = (await firesOf(store, 'often')).flatMap(({ run }) => run ?? []);
    expect(runs.length).toBeGreaterThan(3);
    expect(new Set(runs).size).toBe(runs.length);
    expect((await runsIn(queues, ['often'])).sort()).toEqual(runs.sort());
  });
});
