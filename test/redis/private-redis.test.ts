import { beforeEach, expect, it, vi } from 'vitest';
import { answers } from '../../src/redis/address.mjs';
import { findRedis, redisBinary, startPrivateRedis } from '../../src/redis/find-redis.mjs';
import { connect, type Redis } from '../../src/store/redis.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { describeWithRedisBinary, privateRedis } from '../support/private-redis.js';
import { isAlive } from '../support/process-tree.js';
import { spawnNode } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';

const FIND = new URL('../../src/redis/find-redis.mjs', import.meta.url).href;

/** A program that holds a private Redis until it is killed. */
const owner = (data: string) =>
  spawnNode([
    '--input-type=module',
    '-e',
    `import { findRedis } from ${JSON.stringify(FIND)};
     const { url, pid } = await findRedis({ data: ${JSON.stringify(data)} });
     console.log('redis', pid, url);
     setInterval(() => {}, 1e6);`,
  ]);

function client(url: string): Redis {
  const redis = connect({ url });
  onEnd(() => redis.disconnect());
  return redis;
}

describeWithRedisBinary('a private Redis', () => {
  const binary = redisBinary()!;

  beforeEach(() => {
    vi.stubEnv('REDIS_URL', undefined);
    onEnd(() => vi.unstubAllEnvs());
  });

  it('keeps what it was given over a kill and a restart, under the same URL', async () => {
    const redis = await privateRedis();
    const first = client(redis.url);
    await first.set('kept', 'yes');
    await redis.stop();
    await redis.restart();
    await redis.restart();
    expect(await client(redis.url).get('kept')).toBe('yes');
  });

  it('is durable and never evicts', async () => {
    const redis = client((await privateRedis()).url);
    const setting = async (name: string) => ((await redis.config('GET', name)) as string[])[1];
    expect(await setting('appendonly')).toBe('yes');
    expect(await setting('appendfsync')).toBe('everysec');
    expect(await setting('maxmemory-policy')).toBe('noeviction');
    expect(await setting('save')).toBe('');
  });

  it('takes a loopback port and a password where the folder has too long a path for a socket', async () => {
    const data = `${tempDir('long')}/${'a long name '.repeat(10).trim()}`;
    const redis = await startPrivateRedis({ data, binary });
    onEnd(redis.stop);
    expect(redis.url).toMatch(/^redis:\/\/:\w{48}@127\.0\.0\.1:\d+$/);
    expect(await client(redis.url).ping()).toBe('PONG');
    expect(await answers(redis.url.replace(/:\w{48}@/, ''))).toBe(false);
  });

  it('refuses a second instance on the same folder, naming the first', async () => {
    const data = tempDir('twice');
    const redis = await startPrivateRedis({ data, binary });
    onEnd(redis.stop);
    await expect(findRedis({ data })).rejects.toThrow(`process ${process.pid} runs a Redis there`);
    await redis.stop();
    const next = await startPrivateRedis({ data, binary });
    onEnd(next.stop);
    expect(await answers(next.url)).toBe(true);
  });

  it('ends when its owner is killed, and the folder can be used again at once', async () => {
    const data = tempDir('killed');
    const first = owner(data);
    const [, pid] = await first.line(/^redis (\d+)/);
    first.kill('SIGKILL');
    const second = owner(data);
    await second.line(/^redis (\d+)/);
    await eventually(() => !isAlive(Number(pid)), { what: 'the end of the first Redis' });
  });

  it('says what Redis said when it cannot start', async () => {
    const data = tempDir('broken');
    const broken = startPrivateRedis({ data, binary, url: 'redis://:secret@127.0.0.1:99999' });
    await expect(broken).rejects.toThrow(/the private Redis in .* ended at once/);
    await (await startPrivateRedis({ data, binary })).stop();
  });
});
