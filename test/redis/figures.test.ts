import { expect, test } from 'vitest';
import { EndCounts } from '../../src/host/end-counts.js';
import { weightAt } from '../../src/model/histogram.js';
import { systemClock } from '../../src/platform/clock.js';
import { addPaces, readPaces } from '../../src/store/paces.js';
import { countEnds, readRecord } from '../../src/store/run-records.js';
import { TroubleWatch } from '../../src/store/trouble-watch.js';
import { eventually } from '../support/eventually.js';
import { heardLog } from '../support/heard-log.js';
import { onEnd } from '../support/lifetime.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { redisServer } from '../support/redis-servers.js';
import { useStore } from '../support/store.js';

const RELEASE = 'a'.repeat(12);
const ENDS = { completed: 2, failed: 3, crashes: 0, parked: 1 };

describeWithRedisBinary('how runs end, and how long they take', () => {
  async function setUp() {
    const { url, redis } = await redisServer();
    const store = useStore(url);
    const trouble = new TroubleWatch(store, heardLog().log, { full: '', others: '' });
    const counts = new EndCounts('billing', store, systemClock, trouble);
    onEnd(() => {
      trouble.stop();
      return counts.stop();
    });
    const set = (name: string, value: number) => redis.config('SET', name, value);
    return { store, trouble, counts, set, record: () => readRecord(store, 'billing', RELEASE) };
  }

  test('is counted while the memory of Redis is full', async () => {
    const { store, set, record } = await setUp();
    await set('maxmemory', 1);
    await countEnds(store, 'billing', RELEASE, ENDS);
    await countEnds(store, 'billing', RELEASE, ENDS);
    expect(await record()).toEqual({ completed: 4, failed: 6, crashes: 0, parked: 2 });
    expect(await store.redis.ttl(store.keys.record('billing', RELEASE))).toBeGreaterThan(0);

    const now = Date.now();
    await addPaces(store, 'billing', [{ job: 'a', kind: 'end', bucket: 7, weight: weightAt(now) }]);
    expect((await readPaces(store, 'billing', now)).get('a')!.end.isEmpty).toBe(false);
    expect(await store.redis.ttl(store.keys.paces('billing'))).toBe(-1);
  });

  test('is kept by the host where Redis takes no writes, until it does', async () => {
    const { store, trouble, counts, set, record } = await setUp();
    await set('min-replicas-to-write', 1);
    await expect(countEnds(store, 'billing', RELEASE, ENDS)).rejects.toThrow(/NOREPLICAS/);
    const refused: string[] = [];
    trouble.failed = (_, doing) => void refused.push(doing);
    for (const end of ['failed', 'failed', 'completed'] as const) counts.ended(RELEASE, end);
    await eventually(() => refused.length > 0);
    counts.ended(RELEASE, 'parked');
    counts.crashed(RELEASE);
    await eventually(() => refused.length > 2);
    await set('min-replicas-to-write', 0);
    await eventually(async () => (await record()).completed > 0);
    expect(await record()).toEqual({ completed: 1, failed: 2, crashes: 1, parked: 1 });
  });
});
