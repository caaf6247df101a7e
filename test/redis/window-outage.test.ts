import { expect, it } from 'vitest';
import { createQueues } from '../../src/queue/queues.js';
import { listHolds } from '../../src/store/holds.js';
import { readIntent } from '../../src/store/intents.js';
import { createLease } from '../../src/store/lease.js';
import { getWindow } from '../../src/store/windows.js';
import { declareWindow } from '../../src/window/declare.js';
import { createEngine, type EngineEvent } from '../../src/window/engine.js';
import { redisControlPlane } from '../../src/window/redis-control-plane.js';
import { eventually } from '../support/eventually.js';
import { fakeHost } from '../support/fake-host.js';
import { onEnd } from '../support/lifetime.js';
import { describeWithRedisBinary, privateRedis } from '../support/private-redis.js';
import { sampleRelease } from '../support/sample-releases.js';
import { useStore } from '../support/store.js';

describeWithRedisBinary('the engine, when Redis is killed in the middle of a window', () => {
  it('goes on with it as soon as Redis is back, with a term and revisions that were never there before', async () => {
    const redis = await privateRedis();
    const store = useStore(redis.url);
    await sampleRelease(store, 'a');
    const queues = createQueues(store);
    const lease = createLease(store, { owner: 'srv-1', ttlMs: 600 });
    const events: EngineEvent[] = [];
    const engine = createEngine(redisControlPlane(store, queues), {
      lease,
      onEvent: event => events.push(event),
    });
    onEnd(async () => {
      await engine.stop();
      await lease.stop();
      await queues.close();
    });
    await lease.start();
    await engine.start();
    const host = await fakeHost(store, 'host-a', { runs: 1, stubborn: 1 });
    const window = await declareWindow(store, {
      release: 'a'.repeat(12),
      reason: 'test',
      createdBy: 'ops',
      drainTimeoutMs: 60_000,
      onDrainTimeout: 'abort',
      maxDurationMs: 120_000,
    });
    await eventually(async () => (await getWindow(store, window.id)).phase === 'draining');
    await eventually(() => queues.get('reports').isPaused());
    const { term } = lease;
    const { revision } = (await readIntent(store, 'billing'))!;
    await redis.kill();
    await eventually(() => !lease.held());
    await redis.restart();
    await eventually(() => lease.held());
    expect(lease.term).toBeGreaterThan(term);
    host.stubborn = 0;
    await host.look();
    await eventually(async () => (await getWindow(store, window.id)).phase === 'done');
    expect(await getWindow(store, window.id)).toMatchObject({ outcome: 'completed' });
    expect((await readIntent(store, 'billing'))!.revision).toBeGreaterThan(revision);
    expect(await listHolds(store)).toEqual([]);
    await eventually(async () => !(await queues.get('reports').isPaused()));
    expect(host.runs).toBe(1);
  });
});
