import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import type { Release } from '../../src/model/release.js';
import { createServer } from '../../src/server/server.js';
import { manifestOf } from '../support/api.js';
import { eventually, within } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { describeWithRedisBinary, privateRedis } from '../support/private-redis.js';
import { makeCurrent } from '../support/sample-releases.js';
import { useStore } from '../support/store.js';

function configOf(env: Record<string, string>, server: Partial<Config['server']> = {}): Config {
  const config = loadConfig({ env });
  return { ...config, server: { ...config.server, port: 0, ...server } };
}

async function start(config: Config) {
  const server = createServer(config);
  onEnd(() => server.stop());
  await server.start();
  return server;
}

describe('a server', () => {
  test('serves from its start to its stop, and lets go of the lease', async () => {
    const store = useStore();
    const server = await start(configOf(store.env));
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({ status: 'ready' });
    expect((await fetch(`${server.url}/v1/runs`)).status).toBe(200);
    expect(await store.redis.exists(store.keys.lease)).toBe(1);
    await server.stop();
    await server.stop();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    const { url } = server;
    await server.start();
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(server.url).not.toBe(url);
  });

  test('stops in time with streams open', async () => {
    const server = await start(configOf(useStore().env));
    const stream = await fetch(`${server.url}/v1/events`);
    await within(5_000, 'the stop', server.stop());
    await within(5_000, 'the end of the stream', stream.text());
  });

  test('on a port that is taken says so, and does not lead meanwhile', async () => {
    const tcp = createTcpServer().listen(0, '127.0.0.1');
    onEnd(() => tcp.close());
    await new Promise(resolve => tcp.once('listening', resolve));
    const { port } = tcp.address() as AddressInfo;
    const store = useStore();
    const server = createServer(configOf(store.env, { port }));
    await expect(server.start()).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(`port ${port} on 127.0.0.1 is taken`),
    });
    // It has decided nothing: it never led.
    expect(await store.redis.hget(store.keys.lease, 'term')).toBeNull();
  });

  test('without a Redis says where it looked, and not with which password', async () => {
    const config = configOf({ REDIS_URL: 'redis://me:secret@127.0.0.1:1' });
    const error = await createServer(config, { redisWaitMs: 200 })
      .start()
      .catch(error => error);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(error.message).toMatch(/redis:\/\/me:\*\*\*@127\.0\.0\.1:1.*REDIS_URL/);
    expect(error.message).not.toMatch(/secret/);
  });
});

describe('access', () => {
  const token = 'swt_0123456789abcdef';

  test('an address that others can reach needs a token', async () => {
    const { env } = useStore();
    await expect(createServer(configOf(env, { host: '0.0.0.0' })).start()).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(/SLACKWATER_TOKEN/),
    });
    const short = configOf({ ...env, SLACKWATER_TOKEN: 'abc' }, { host: '0.0.0.0' });
    await expect(createServer(short).start()).rejects.toThrow(/too short/);
  });

  test('with tokens only who has one comes in', async () => {
    const env = { ...useStore().env, SLACKWATER_TOKEN: `${token},swt_fedcba9876543210` };
    const { url } = await start(configOf(env, { host: '0.0.0.0' }));
    const status = async (authorization?: string) =>
      (await fetch(`${url}/v1/runs`, { headers: authorization ? { authorization } : {} })).status;
    expect(await status()).toBe(401);
    expect(await status('Bearer swt_wrong')).toBe(401);
    expect(await status(`Basic ${token}`)).toBe(401);
    expect(await status(`Bearer ${token}`)).toBe(200);
    expect(await status('bearer swt_fedcba9876543210')).toBe(200);
    const refused = await fetch(`${url}/v1/holds`, { method: 'POST', body: '{}' });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refused.json()).toMatchObject({ type: '/problems/unauthorized' });
    for (const open of ['/healthz', '/readyz', '/openapi.json'])
      expect((await fetch(url + open)).status).toBe(200);
  });
});

describeWithRedisBinary('with Redis away', () => {
  test('every answer is a 503 at once, and all is well when it is back', async () => {
    const redis = await privateRedis();
    const { url } = await start(configOf({ REDIS_URL: redis.url }));
    await redis.kill();
    for (const path of ['/readyz', '/v1/runs', '/v1/windows', '/v1/events']) {
      const answer = await within(5_000, `an answer of ${path}`, fetch(url + path));
      expect(answer.status, path).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.headers.get('content-type')).toMatch(/problem\+json/);
      expect(await answer.json()).toMatchObject({ type: '/problems/unavailable', status: 503 });
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await redis.restart();
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 200, { what: 'readyz' });
    expect((await fetch(`${url}/v1/runs`)).status).toBe(200);
  });

  test('a run that is asked for meanwhile is stored neither then nor later', async () => {
    const redis = await privateRedis();
    const store = useStore(redis.url);
    const server = await start(configOf({ ...store.env, REDIS_URL: redis.url }));
    const { url } = server;
    const { manifest, content } = manifestOf('reporting', [{}]);
    const send = (method: string, path: string, body: string, type = 'application/json') =>
      fetch(url + path, { method, body, headers: { 'content-type': type } });
    await send('PUT', `/v1/blobs/${manifest.files[0]!.sha256}`, content, 'application/octet-stream');
    await makeCurrent(
      store,
      (await (await send('POST', '/v1/releases', JSON.stringify(manifest))).json()) as Release,
    );
    const ask = () => send('POST', '/v1/jobs/flights.delays/runs', '{"payload":{"file":"a"}}');
    const waiting = () => store.redis.llen(store.keys.job('reports', 'wait'));

    expect((await ask()).status).toBe(202);
    await redis.kill();
    expect((await ask()).status).toBe(503);
    await redis.restart();
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 200, { what: 'readyz' });
    const kept = await waiting();
    expect(kept).toBeLessThanOrEqual(1);
    expect((await ask()).status).toBe(202);
    expect(await waiting()).toBe(kept + 1);
    await redis.kill();
    await within(10_000, 'the stop', server.stop());
  });

  test('a Redis that hangs is a 503 too', async () => {
    const redis = await privateRedis();
    const { url } = await start(configOf({ REDIS_URL: redis.url }));
    redis.freeze();
    const answer = await within(10_000, 'an answer', fetch(`${url}/v1/runs`));
    expect(answer.status).toBe(503);
    redis.thaw();
    await eventually(async () => (await fetch(`${url}/v1/runs`)).status === 200, { what: 'runs' });
  });

  test('it stops all the same', async () => {
    const redis = await privateRedis();
    const server = await start(configOf({ REDIS_URL: redis.url }));
    await redis.kill();
    await within(10_000, 'the stop', server.stop());
  });
});
