import { expect, it } from 'vitest';
import type { HostStatus } from '../../src/model/intent.js';
import { readEvents } from '../../src/store/events.js';
import { listHosts, lookAtHosts, removeHost, reportHost } from '../../src/store/hosts.js';
import { describeWithRedisBinary } from '../support/private-redis.js';
import { redisServer } from '../support/redis-servers.js';
import { useStore } from '../support/store.js';
import { sampleHost } from '../support/window-samples.js';

describeWithRedisBinary('the list of hosts', () => {
  it('is read from a Redis that takes no writes; one that fell silent is told of once it takes them again', async () => {
    const { redis, url } = await redisServer({});
    const store = useStore(url);
    await reportHost(store, sampleHost('lives', null), 600_000);
    await reportHost(store, sampleHost('silent', null), 600_000);
    await redis.del(store.keys.host('silent'));
    const told = async () =>
      (await readEvents(store)).flatMap(({ type, host }) => (type === 'host.left' ? [host] : []));

    await redis.replicaof('127.0.0.1', 1);
    expect((await listHosts(store)).map(({ id }) => id)).toEqual(['lives']);
    expect(await told()).toEqual([]);

    await redis.replicaof('NO', 'ONE');
    expect((await listHosts(store)).map(({ id }) => id)).toEqual(['lives']);
    expect(await told()).toEqual(['silent']);
  });

  it('has the one that fell silent, when it was seen last and with how many runs, until another has come on its machine', async () => {
    const { redis, url } = await redisServer({});
    const store = useStore(url);
    const now = Date.now();
    const host = (id: string, hostname: string, held = 0, ago = 0, startedAgo = 120_000): HostStatus => ({
      ...sampleHost(id, { running: held, held }),
      hostname,
      startedAt: new Date(now - startedAgo).toISOString(),
      seenAt: new Date(now - ago).toISOString(),
    });
    const silent = async () => (await lookAtHosts(store)).silent.map(({ id, runs }) => [id, runs]);
    const die = (id: string) => redis.del(store.keys.host(id));

    await reportHost(store, host('leaves', 'a'), 600_000);
    await removeHost(store, host('leaves', 'a'));
    await reportHost(store, host('dies', 'a', 3, 60_000), 600_000);
    await reportHost(store, host('dies-too', 'a', 1), 600_000);
    await reportHost(store, host('lives', 'b', 2), 600_000);
    expect(await silent()).toEqual([]);

    await die('dies');
    await die('dies-too');
    expect(await silent()).toEqual([
      ['dies-too', 1],
      ['dies', 3],
    ]);
    const [, first] = (await lookAtHosts(store)).silent;
    expect(first).toEqual({ id: 'dies', hostname: 'a', seenAt: host('', 'a', 3, 60_000).seenAt, runs: 3 });

    // Others come: one on another machine, one on that machine, and one of those itself, which had only been cut off.
    await reportHost(store, host('elsewhere', 'c'), 600_000);
    expect(await silent()).toHaveLength(2);
    await reportHost(store, host('new', 'a', 0, 0, -1), 600_000);
    await reportHost(store, host('new', 'a', 0, 0, -1), 600_000);
    expect(await silent()).toEqual([['dies-too', 1]]);
    await reportHost(store, host('dies-too', 'a'), 600_000);
    expect(await silent()).toEqual([]);

    // One may have come before the record of the other had run out. Who was there all along replaces nobody.
    await reportHost(store, host('crashes', 'd', 1, 5_000), 600_000);
    await reportHost(store, host('again', 'd', 0, 0, 1_000), 600_000);
    await reportHost(store, host('crashes-too', 'b', 4, 5_000), 600_000);
    await die('crashes');
    await die('crashes-too');
    expect(await silent()).toEqual([['crashes-too', 4]]);
  });

  it('forgets after an hour who fell silent', async () => {
    const { redis, url } = await redisServer({});
    const store = useStore(url);
    const seenAt = new Date(Date.now() - 3_700_000).toISOString();
    await reportHost(store, { ...sampleHost('dies'), seenAt }, 600_000);
    await redis.del(store.keys.host('dies'));
    expect((await lookAtHosts(store)).silent).toEqual([]);
    // What is kept of it goes at the look that found it gone.
    expect(await redis.hlen(store.keys.hostSigns)).toBe(0);
  });
});
