import { expect, it } from 'vitest';
import { readEvents } from '../../src/store/events.js';
import { listHosts, reportHost } from '../../src/store/hosts.js';
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
});
