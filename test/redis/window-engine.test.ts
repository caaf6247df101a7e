import { describe, expect, it } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { applyPauseFlags } from '../../src/queue/intake.js';
import type { Queues } from '../../src/queue/queues.js';
import { readEvents } from '../../src/store/events.js';
import { listHolds, sweep } from '../../src/store/holds.js';
import { readIntent } from '../../src/store/intents.js';
import { createLease, type Lease } from '../../src/store/lease.js';
import { openStore } from '../../src/store/redis.js';
import { extendWindow, getWindow, readReport, requestWindow } from '../../src/store/windows.js';
import { declareWindow } from '../../src/window/declare.js';
import { createEngine } from '../../src/window/engine.js';
import { LIMITS, type Limits } from '../../src/window/facts.js';
import { planWindow } from '../../src/window/plan.js';
import { redisControlPlane } from '../../src/window/redis-control-plane.js';
import type { WindowInput } from '../../src/window/window-input.js';
import { eventually } from '../support/eventually.js';
import { fakeHost } from '../support/fake-host.js';
import { onEnd } from '../support/lifetime.js';
import { useQueues } from '../support/queues.js';
import { makeCurrent, sampleRelease } from '../support/sample-releases.js';
import { type TestStore, useStore } from '../support/store.js';
import { sampleRefusal } from '../support/window-samples.js';

interface Setting {
  store: TestStore;
  queues: Queues;
  lease: Lease;
  declare(change?: Partial<WindowInput>): Promise<Window>;
  /** Waits until the window is over, and checks that nothing of it is left behind. */
  ended(window: Window): Promise<Window>;
  inPhase(window: Window, phase: Window['phase']): Promise<Window>;
}

const OLD = 'a'.repeat(12);
const NEW = 'b'.repeat(12);

/** A server of its own connection. */
async function server(of: TestStore, limits: Partial<Limits> = {}, owner = 'srv-1') {
  const store = openStore(of.options);
  onEnd(() => store.redis.disconnect());
  const queues = useQueues(store);
  const lease = createLease(store, { owner, ttlMs: 600 });
  const engine = createEngine(redisControlPlane(store, queues), { lease, limits: { ...LIMITS, ...limits } });
  onEnd(() => lease.stop());
  onEnd(() => engine.stop());
  await lease.start();
  await engine.start();
  return { queues, lease, engine };
}

async function setUp(limits: Partial<Limits> = {}): Promise<Setting> {
  const store = useStore();
  await sampleRelease(store, 'a');
  await sampleRelease(store, 'b');
  const { queues, lease } = await server(store, limits);
  const inPhase = (window: Window, phase: Window['phase']) =>
    eventually(async () => {
      const seen = await getWindow(store, window.id);
      return seen.phase === phase ? seen : null;
    });
  return {
    store,
    queues,
    lease,
    inPhase,
    declare: change =>
      declareWindow(store, {
        release: NEW,
        reason: 'test',
        createdBy: 'ops',
        drainTimeoutMs: 30_000,
        onDrainTimeout: 'abort',
        maxDurationMs: 60_000,
        ...change,
      }),
    async ended(window) {
      const done = await inPhase(window, 'done');
      await eventually(async () => !(await queues.get('reports').isPaused()));
      expect(await listHolds(store)).toEqual([]);
      return done;
    },
  };
}

/** As `setUp`, with the old release deployed already. */
async function deployed(limits: Partial<Limits> = {}): Promise<Setting> {
  const setting = await setUp(limits);
  await makeCurrent(setting.store, { app: 'billing', id: OLD });
  return setting;
}

describe('a window', () => {
  it('takes the place of the oldest when it ends', async () => {
    const { store, declare, ended } = await deployed();
    await fakeHost(store, 'host-a');
    const kept = store.keys.endedWindows('billing');
    await store.redis.zadd(kept, ...Array.from({ length: 1_000 }, (_, i) => [i, `win-${i}`]).flat());
    const { id } = await ended(await declare());
    await eventually(async () => (await store.redis.zscore(kept, 'win-0')) === null);
    expect(await store.redis.zcard(kept)).toBe(1_000);
    expect(await store.redis.zrevrange(kept, 0, 0)).toEqual([id]);
  });

  it('brings every run to the new release, and says what it cost', async () => {
    const { store, declare, ended } = await deployed();
    const hosts = [
      await fakeHost(store, 'host-a', { runs: 3 }),
      await fakeHost(store, 'host-b', { runs: 2 }),
    ];
    const done = await ended(await declare());
    expect(done).toMatchObject({ outcome: 'completed', previousRelease: OLD });
    expect(done.summary).toMatch(/of 5 runs in flight 5 went on/);
    expect(done.phases.map(entry => entry.phase)).toEqual([
      'scheduled',
      'preparing',
      'draining',
      'swapping',
      'resuming',
      'done',
    ]);
    expect(hosts.map(host => host.runs)).toEqual([3, 2]);
    expect(await readIntent(store, 'billing')).toMatchObject({
      release: NEW,
      standby: null,
      gate: 'open',
      window: null,
    });
    expect(await readReport(store, done.id)).toMatchObject({
      outcome: 'completed',
      from: OLD,
      to: NEW,
      runs: { inFlight: 5, yielded: 5, resumed: 5 },
      proof: { checkpoints: 2 },
      pause: { maxMs: 5 },
    });
    const events = await readEvents(store, { window: done.id });
    const phases = events.filter(event => event.type === 'window.phase');
    expect(phases.map(event => event.phase)).toEqual(done.phases.map(entry => entry.phase));
    expect(phases.every(event => typeof event.because === 'string')).toBe(true);
  });

  it('deploys the first release of an app', async () => {
    const { store, declare, ended } = await setUp();
    await fakeHost(store, 'host-a');
    const done = await ended(await declare());
    expect(done).toMatchObject({ outcome: 'completed', previousRelease: null });
    expect(await readReport(store, done.id)).toMatchObject({ from: null, downtimeMs: 0, stoppedMs: 0 });
  });

  it('is refused before anything pauses when a state cannot be read', async () => {
    const { store, declare, ended } = await deployed();
    const host = await fakeHost(store, 'host-a', { runs: 2, refuses: sampleRefusal });
    const done = await ended(await declare());
    expect(done).toMatchObject({ outcome: 'refused', refusals: [sampleRefusal] });
    expect(done.phases.map(entry => entry.phase)).not.toContain('draining');
    expect(host.runs).toBe(2);
    expect(await readIntent(store, 'billing')).toMatchObject({ release: OLD, standby: null, proofRound: 0 });
  });

  it('is refused when the release does not load, and when no host is there', async () => {
    const { store, declare, ended } = await deployed({ noHostMs: 100 });
    const alone = await ended(await declare());
    expect(alone).toMatchObject({ outcome: 'refused', summary: expect.stringMatching(/no host is alive/) });
    await fakeHost(store, 'host-a', { breaks: 'boom' });
    const broken = await ended(await declare());
    expect(broken).toMatchObject({ outcome: 'refused', summary: expect.stringMatching(/boom/) });
  });

  it('is aborted at the drain deadline, naming the job in the way, with intake open on the old release', async () => {
    const { store, declare, ended } = await deployed();
    const host = await fakeHost(store, 'host-a', { runs: 2, stubborn: 1 });
    const done = await ended(await declare({ drainTimeoutMs: 300 }));
    expect(done).toMatchObject({
      outcome: 'aborted',
      summary: expect.stringMatching(/stubborn \(run-host-a-0\)/),
      blockers: [{ job: 'stubborn' }],
    });
    expect(await readIntent(store, 'billing')).toMatchObject({ release: OLD, gate: 'open', drain: false });
    await eventually(() => host.runs === 2);
    expect(await readReport(store, done.id)).toMatchObject({
      outcome: 'aborted',
      forecast: { drainMs: 250 },
    });
  });

  it('stops by force what does not stop by itself, where that is wanted', async () => {
    const { store, declare, ended } = await deployed();
    await fakeHost(store, 'host-a', { stubborn: 1 });
    const done = await ended(await declare({ drainTimeoutMs: 200, onDrainTimeout: 'force' }));
    expect(done).toMatchObject({ outcome: 'completed', forced: true, runs: { forced: 1 } });
  });

  it('holds intake while it drains, counts what producers enqueue, and is aborted on request', async () => {
    const { store, queues, declare, inPhase, ended } = await deployed();
    await fakeHost(store, 'host-a', { stubborn: 1 });
    const window = await inPhase(await declare(), 'draining');
    await eventually(() => queues.get('reports').isPaused());
    expect(await listHolds(store)).toMatchObject([{ owner: `window:${window.id}`, until: window.endsBy }]);
    await queues
      .get('reports')
      .addBulk([1, 2, 3].map(i => ({ name: 'invoice', data: {}, opts: { jobId: `r-${i}` } })));
    await requestWindow(store, window.id, { kind: 'abort', by: 'ann' });
    expect(await ended(window)).toMatchObject({
      outcome: 'aborted',
      summary: expect.stringMatching(/by ann/),
    });
    expect(await readReport(store, window.id)).toMatchObject({ intake: { accepted: 3 } });
  });

  it('moves deadline, hold and gate when it is extended', async () => {
    const { store, declare, inPhase, ended } = await deployed();
    const host = await fakeHost(store, 'host-a', { stubborn: 1 });
    const window = await inPhase(await declare(), 'draining');
    const longer = await extendWindow(store, window.id, { byMs: 60_000, by: 'ann' });
    await eventually(async () => (await listHolds(store))[0]?.until === longer.endsBy);
    await eventually(async () => (await readIntent(store, 'billing'))?.until === longer.endsBy);
    host.stubborn = 0;
    await host.look();
    await requestWindow(store, window.id, { kind: 'abort', by: 'ann' }).catch(() => {});
    await ended(window);
  });

  it('has everything proven again when a host vanishes while it drains', async () => {
    const { store, declare, inPhase, ended } = await deployed();
    await fakeHost(store, 'host-a', { runs: 1 });
    const b = await fakeHost(store, 'host-b', { stubborn: 1 });
    const window = await inPhase(await declare(), 'draining');
    await b.vanish();
    const done = await ended(window);
    expect(done).toMatchObject({ outcome: 'completed', proofRound: 2 });
  });

  it('starts at its time and not before, or when asked', async () => {
    const { store, declare, ended } = await deployed();
    await fakeHost(store, 'host-a');
    const startsAt = new Date(Date.now() + 3_600_000).toISOString();
    const window = await declare({ startsAt });
    expect(window.phase).toBe('scheduled');
    await requestWindow(store, window.id, { kind: 'start', by: 'ann' });
    expect(await ended(window)).toMatchObject({ outcome: 'completed', startsAt });
  });

  it('that is scheduled can be cancelled', async () => {
    const { store, declare, ended } = await deployed();
    const window = await declare({ startsAt: new Date(Date.now() + 3_600_000).toISOString() });
    await requestWindow(store, window.id, { kind: 'cancel', by: 'ann' });
    expect(await ended(window)).toMatchObject({ outcome: 'cancelled' });
  });

  it('is opened by a sweep when its server is dead, and ended truthfully by the next one', async () => {
    const store = useStore();
    await sampleRelease(store, 'a');
    await sampleRelease(store, 'b');
    const first = await server(store);
    const host = await fakeHost(store, 'host-a', { stubborn: 1 });
    const input = { release: NEW, reason: 'r', createdBy: 'ops', onDrainTimeout: 'abort' as const };
    const window = await declareWindow(store, { ...input, drainTimeoutMs: 2_500, maxDurationMs: 2_500 });
    await eventually(async () => (await getWindow(store, window.id)).phase === 'draining');
    await first.engine.stop();
    await first.lease.stop();
    // A host sweeps, as each does once a second.
    await eventually(() => sweep(store, () => applyPauseFlags(store, first.queues)));
    await eventually(async () => (await readIntent(store, 'billing'))?.gate === 'open');
    expect(await first.queues.get('reports').isPaused()).toBe(false);
    expect(await getWindow(store, window.id)).toMatchObject({ phase: 'draining' });
    await server(store, {}, 'srv-2');
    await eventually(async () => (await getWindow(store, window.id)).phase === 'done');
    expect(await getWindow(store, window.id)).toMatchObject({ outcome: 'aborted' });
    expect(host.stubborn).toBe(1);
  });

  it('is finished by the next holder of the lease', async () => {
    const { store, lease, declare, inPhase, ended } = await deployed();
    const host = await fakeHost(store, 'host-a', { stubborn: 1 });
    await server(store, {}, 'srv-2');
    const window = await inPhase(await declare(), 'draining');
    await lease.stop();
    host.stubborn = 0;
    await host.look();
    expect(await ended(window)).toMatchObject({ outcome: 'completed' });
    expect((await readIntent(store, 'billing'))!.term).toBeGreaterThan(lease.term);
  });
});

describe('declaring a window', () => {
  it('is refused with what to change', async () => {
    const { store, declare } = await deployed();
    await sampleRelease(store, 'c', { app: 'mail' });
    await expect(declare({ release: 'd'.repeat(12) })).rejects.toMatchObject({ code: 'not-found' });
    await expect(declare({ release: OLD })).rejects.toThrow(/current already/);
    await expect(declare({ release: 'c'.repeat(12), app: 'billing' })).rejects.toThrow(/belongs to app mail/);
    const past = new Date(Date.now() - 60_000).toISOString();
    await expect(declare({ startsAt: past })).rejects.toMatchObject({ errors: [{ pointer: '/startsAt' }] });
    await expect(declare({ drainTimeoutMs: 61_000 })).rejects.toMatchObject({
      errors: [{ pointer: '/drainTimeout' }],
    });
  });

  it('as a dry run tells what is in the way and stores nothing', async () => {
    const { store } = await deployed();
    await fakeHost(store, 'host-a', { runs: 2, stubborn: 1 });
    await sampleRelease(store, 'c', { jobs: [{ name: 'invoice', reads: [3], checkpointVersion: 3 }] });
    const plan = await planWindow(store, {
      release: 'c'.repeat(12),
      reason: 'r',
      createdBy: 'ops',
      drainTimeoutMs: 1,
      maxDurationMs: 1,
      onDrainTimeout: 'abort',
    });
    expect(plan).toMatchObject({
      previousRelease: OLD,
      runs: { inFlight: 3, blockers: [{ job: 'stubborn' }] },
      forecast: { drainMs: 250 },
      warnings: [expect.stringMatching(/invoice reads states of 1 version \(3\).*upgrade from 1$/)],
      refusedFor: [],
    });
    expect(await store.redis.exists(store.keys.windows)).toBe(0);
  });

  it('as a dry run says for what it would be refused: a live state that nobody reads, the time of a held window', async () => {
    const { store, declare } = await deployed();
    await fakeHost(store, 'host-a');
    await sampleRelease(store, 'c', { jobs: [{ name: 'invoice', reads: [3], checkpointVersion: 3 }] });
    await sampleRelease(store, 'e', { jobs: [{ name: 'other' }] });
    const queue = 'reports';
    await store.redis.hset(store.keys.job(queue, 'run-1'), 'name', 'invoice');
    await store.redis.hset(store.keys.run(queue, 'run-1'), 'version', '1');
    await store.redis.sadd(store.keys.live(queue), 'run-1');
    const refusedFor = async (release: string, startsAt?: string) => {
      const times = { drainTimeoutMs: 1, maxDurationMs: 1, onDrainTimeout: 'abort' as const };
      const input = { release: release.repeat(12), reason: 'r', createdBy: 'ops', startsAt, ...times };
      return (await planWindow(store, input)).refusedFor;
    };
    expect(await refusedFor('c')).toEqual([
      expect.stringMatching(/upgrade from 1\. 1 run has one: it would/),
    ]);
    expect(await refusedFor('e')).toEqual([expect.stringMatching(/not in the release, and 1 run of it has/)]);

    await store.redis.del(store.keys.live(queue));
    const window = await declare({ startsAt: new Date(Date.now() + 3_600_000).toISOString() });
    expect(await refusedFor('c')).toEqual([]);
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const held = { since: until, phase: 'swapping', reason: 'r', task: null, choices: [], until };
    const text = JSON.stringify({ ...window, phase: 'done', outcome: 'held', held });
    await store.redis.hset(store.keys.window(window.id), 'json', text);
    const later = new Date(Date.now() + 20 * 3_600_000).toISOString();
    expect(await refusedFor('c', later)).toEqual([
      `window ${window.id} (held) takes this time: it would be refused`,
    ]);
  });
});
