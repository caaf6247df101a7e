import { describe, expect, it } from 'vitest';
import { createLease, type Lease } from '../../src/store/lease.js';
import { redisNow, type Store } from '../../src/store/redis.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { useStore } from '../support/store.js';

function lease(store: Store, owner: string, ttlMs = 2_000): Lease {
  const made = createLease(store, { owner, ttlMs });
  onEnd(() => made.stop());
  return made;
}

describe('the lease', () => {
  it('has one holder, and the next one when that one leaves', async () => {
    const store = useStore();
    const [a, b] = [lease(store, 'a'), lease(store, 'b')];
    await a.start();
    await b.start();
    expect([a.held(), b.held()]).toEqual([true, false]);
    const first = a.term;
    await a.stop();
    expect(a.held()).toBe(false);
    await eventually(() => b.held());
    expect(b.term).toBeGreaterThan(first);
  });

  it('is renewed for as long as its holder lives', async () => {
    const store = useStore();
    const [a, b] = [lease(store, 'a'), lease(store, 'b')];
    await a.start();
    await b.start();
    const { term } = a;
    const changes: boolean[] = [];
    a.onChange(held => changes.push(held));
    const ends = async () => Number(await store.redis.hget(store.keys.lease, 'until'));
    const begun = await ends();
    await eventually(async () => (await ends()) > begun + 2_000);
    expect([a.held(), a.term, b.held(), changes]).toEqual([true, term, false, []]);
  });

  it('passes on with a higher term when its holder falls silent, and the holder knows by its own clock', async () => {
    const store = useStore();
    const frozen = useStore();
    const silent = createLease({ ...store, redis: frozen.redis }, { owner: 'silent', ttlMs: 1_000 });
    await silent.start();
    await eventually(() => silent.held());
    const { term } = silent;
    const told: boolean[] = [];
    silent.onChange(held => told.push(held));
    // Its commands do not get through any more, as behind a broken network.
    frozen.redis.disconnect();
    const b = lease(store, 'b', 1_000);
    await b.start();
    await eventually(() => b.held());
    expect(silent.held()).toBe(false);
    await eventually(() => told.length === 1 && told[0] === false);
    expect(b.term).toBeGreaterThan(term);
    await silent.stop();
  });

  it('never gives a term twice, even where Redis has forgotten the last ones', async () => {
    const store = useStore();
    const terms: number[] = [];
    for (const owner of ['a', 'b', 'c']) {
      const next = lease(store, owner);
      await next.start();
      terms.push(next.term);
      await next.stop();
    }
    // Back to what was saved before b and c came: Redis was killed and lost its last second.
    await eventually(async () => (await redisNow(store.redis)) > terms.at(-1)!);
    await store.redis.hset(store.keys.lease, 'owner', 'a', 'term', terms[0]!, 'until', 0);
    const d = lease(store, 'd');
    await d.start();
    terms.push(d.term);
    expect(new Set(terms).size).toBe(4);
    expect(terms).toEqual(terms.toSorted((x, y) => x - y));
  });

  it('counts a lease that lasts impossibly long as over: the clock has jumped back', async () => {
    const store = useStore();
    await store.redis.hset(store.keys.lease, 'owner', 'dead', 'term', 5, 'until', Date.now() + 3_600_000);
    const a = lease(store, 'a');
    await a.start();
    expect(a.held()).toBe(true);
  });
});
