import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packagesAreStale } from '../scripts/setup/packages.mjs';
import { hidePassword, parseAddress, ping } from '../src/redis/address.mjs';
import { readSeveral } from '../src/redis/several.mjs';
import { onEnd } from './support/lifetime.js';
import { ROOT, type RunningProcess, spawnNode } from './support/processes.js';
import { tempDir } from './support/temp-dir.js';

/** A `PATH` with nothing but these programs, each a shell script. */
function pathWith(programs: Record<string, string> = {}): string {
  const folder = tempDir('path');
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(`${folder}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}

/** Asks the set-up for a Redis; it prints what it would use. */
function ensureRedis(env: Record<string, string>): RunningProcess {
  const program = `import { ensureRedis } from './src/redis/find-redis.mjs';
    ensureRedis().then(console.log, error => { console.error(error.message); process.exitCode = 1; });`;
  return spawnNode(['--input-type=module', '-e', program], { env });
}

/** Answers PING like a Redis. @returns its port */
async function pretendRedis(answer = '+PONG\r\n'): Promise<number> {
  const server = createServer(socket => socket.on('data', () => socket.write(answer)).on('error', () => {}));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onEnd(() => server.close());
  return (server.address() as AddressInfo).port;
}

const installed = (packages: object) => JSON.stringify({ packages });

describe('set-up', () => {
  it('stops with one message that names the choices where no Redis can be had', async () => {
    const { code, stdout, stderr } = await spawnNode(['scripts/setup.mjs'], { env: { PATH: pathWith() } })
      .exit;
    expect(code).toBe(1);
    expect(stdout).toBe('');
    for (const choice of ['REDIS_URL', 'redis-server', 'valkey-server', 'Docker', 'package manager']) {
      expect(stderr).toContain(choice);
    }
    expect(stderr).not.toContain('    at ');
  });

  it('takes REDIS_URL before all others', async () => {
    const url = `redis://127.0.0.1:${await pretendRedis()}`;
    const { stdout } = await ensureRedis({ REDIS_URL: url, PATH: pathWith({ 'redis-server': 'exit 0' }) })
      .exit;
    expect(stdout).toContain(url);
  });

  it('takes no other where REDIS_URL is set and does not answer, and does not show its password', async () => {
    const env = { REDIS_URL: 'redis://me:secret@127.0.0.1:1', PATH: pathWith({ 'redis-server': 'exit 0' }) };
    const { code, stdout, stderr } = await ensureRedis(env).exit;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/REDIS_URL is set to redis:\/\/me:\*\*\*@127.0.0.1:1, but .*ECONNREFUSED/);
    expect(stderr).not.toContain('secret');
  });

  it('reports what a Redis answers that lets nobody in', async () => {
    const port = await pretendRedis('-NOAUTH Authentication required.\r\n');
    const { stderr } = await ensureRedis({ REDIS_URL: `redis://127.0.0.1:${port}`, PATH: pathWith() }).exit;
    expect(stderr).toContain('NOAUTH Authentication required.');
  });

  it.each(['redis-server', 'valkey-server'])('takes %s on the PATH before Docker', async name => {
    const PATH = pathWith({ [name]: 'exit 0', docker: 'exit 0' });
    expect((await ensureRedis({ PATH }).exit).stdout).toBe(`a private instance of ${PATH}/${name}\n`);
  });

  it('takes Docker where an engine answers, before the package manager', async () => {
    const PATH = pathWith({ docker: 'exit 0', apk: 'exit 0' });
    expect((await ensureRedis({ PATH }).exit).stdout).toBe('Redis in Docker\n');
  });

  it('starts Redis in Docker and stops it afterwards', async () => {
    const port = await pretendRedis();
    const calls = `${tempDir('docker')}/calls`;
    const PATH = pathWith({
      docker: `echo "$*" >> ${calls}; case "$2" in port) echo 0.0.0.0:${port};; esac`,
    });
    const program = `import { findRedis } from './src/redis/find-redis.mjs';
      const redis = await findRedis({ data: '/nowhere' }); console.log(redis.how, redis.url); await redis.stop();`;
    const { stdout } = await spawnNode(['--input-type=module', '-e', program], { env: { PATH } }).exit;
    expect(stdout).toBe(`docker redis://127.0.0.1:${port}\n`);
    const made = readFileSync(calls, 'utf8');
    expect(made).toMatch(/compose up -d --wait redis\n(.*\n)*compose stop redis\n/);
  });

  it.runIf(process.getuid?.() === 0)('installs Redis by the package manager as root', async () => {
    const PATH = pathWith({ docker: 'exit 1' });
    // It installs on its second package name only, as where the first is not known.
    const found = `/bin/ln -s /bin/true ${PATH}/valkey-server`;
    writeFileSync(`${PATH}/apk`, `#!/bin/sh\n[ "$3" = valkey ] && ${found}\n`, { mode: 0o755 });
    const { stdout, stderr } = await ensureRedis({ PATH }).exit;
    expect(stdout).toBe(`a private instance of ${PATH}/valkey-server\n`);
    expect(stderr).toContain('installing it (apk add --no-cache redis)');
  });

  it('installs nothing without asking where it is not root', async () => {
    const program = `process.getuid = () => 1000;
      const { ensureRedis } = await import('./src/redis/find-redis.mjs');
      await ensureRedis().catch(error => console.error(error.message));`;
    const PATH = pathWith({ 'apt-get': 'echo "was called" >&2', sudo: 'echo "was called" >&2' });
    const { stderr } = await spawnNode(['--input-type=module', '-e', program], { env: { PATH } }).exit;
    expect(stderr).toContain('No Redis was found');
    expect(stderr).not.toContain('was called');
  });
});

describe('the Node packages', () => {
  const wanted = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b-win32': { version: '1.0.0', optional: true },
  };

  it.each([
    { state: 'missing', has: undefined, stale: true },
    {
      state: 'complete, without those of other platforms',
      has: { 'node_modules/a': { version: '1.0.0' } },
      stale: false,
    },
    { state: 'of another version', has: { 'node_modules/a': { version: '0.9.0' } }, stale: true },
    { state: 'incomplete', has: {}, stale: true },
    {
      state: 'more than asked for',
      has: { 'node_modules/a': { version: '1.0.0' }, 'node_modules/c': { version: '1.0.0' } },
      stale: true,
    },
  ])('are stale: $stale when they are $state', ({ has, stale }) => {
    const root = tempDir('packages');
    writeFileSync(`${root}/package-lock.json`, installed(wanted));
    if (has) {
      mkdirSync(`${root}/node_modules`);
      writeFileSync(`${root}/node_modules/.package-lock.json`, installed(has));
    }
    expect(packagesAreStale(root)).toBe(stale);
  });
});

describe('the address of a Redis', () => {
  it.each([
    ['redis://127.0.0.1', { host: '127.0.0.1', port: 6379, tls: false }],
    [
      'rediss://me:p%40ss@redis.example:6380/2',
      { host: 'redis.example', port: 6380, tls: true, username: 'me', password: 'p@ss' },
    ],
    ['redis://[::1]:7000', { host: '::1', port: 7000, tls: false }],
    ['localhost:6390', { host: 'localhost', port: 6390, tls: false }],
    ['unix:///run/redis.sock', { path: '/run/redis.sock' }],
    ['/run/redis.sock', { path: '/run/redis.sock' }],
  ])('%s is read', (url, address) => {
    expect(parseAddress(url)).toEqual(address);
  });

  it.each(['http://127.0.0.1', 'redis://', 'redis://host:port'])(
    '%s is refused with the accepted forms',
    url => {
      expect(() => parseAddress(url)).toThrow('write redis://host:6379 or unix:///path/to/redis.sock');
    },
  );

  it.each([
    [
      'redis+cluster://a:7000,b,[::1]:7002',
      {
        kind: 'cluster',
        tls: false,
        nodes: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 6379 },
          { host: '::1', port: 7002 },
        ],
      },
    ],
    [
      'rediss+sentinel://me:p%40ss@a,b:26380/tide?db=2&sentinelPassword=s',
      {
        kind: 'sentinel',
        tls: true,
        nodes: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 26_380 },
        ],
        username: 'me',
        password: 'p@ss',
        master: 'tide',
        db: 2,
        sentinelPassword: 's',
      },
    ],
  ])('%s is read as several', (url, several) => {
    expect(readSeveral(url)).toEqual(several);
  });

  it.each([
    ['redis+sentinel://a:1', 'names no master'],
    ['redis+cluster://a:1/2', 'something behind its hosts'],
    ['redis+cluster://a:99999', 'has "a:99999" among its hosts'],
    ['redis+cluster://', 'write redis+cluster://host:port'],
    ['redis+sentinel://a/tide?quorum=2', 'asks for "quorum"'],
  ])('%s is refused: it %s', (url, why) => {
    expect(() => readSeveral(url)).toThrow(why);
  });

  it('of several answers where one of them does', async () => {
    const port = await pretendRedis();
    await ping(`redis+cluster://127.0.0.1:1,127.0.0.1:${port}`);
    await expect(ping('redis+sentinel://127.0.0.1:1/tide')).rejects.toThrow('ECONNREFUSED');
  });

  it('is shown without its password', () => {
    expect(hidePassword('redis+sentinel://:secret@a,b/m?sentinelPassword=other')).toBe(
      'redis+sentinel://:***@a,b/m?sentinelPassword=***',
    );
    expect(hidePassword('redis://:secret@127.0.0.1:1')).toBe('redis://:***@127.0.0.1:1');
  });
});

describe('the compose file', () => {
  const { services, volumes } = parse(readFileSync(`${ROOT}docker-compose.yml`, 'utf8'));

  it('has a Redis that is durable and never evicts, reachable from this machine only', () => {
    expect(services.redis.command.join(' ')).toContain('--appendonly yes');
    expect(services.redis.command.join(' ')).toContain('--maxmemory-policy noeviction');
    expect(services.redis.ports).toEqual(['127.0.0.1::6379']);
  });

  it('has a server and a host that wait for it', () => {
    for (const name of ['server', 'host']) {
      expect(services[name].environment.REDIS_URL).toBe('redis://redis:6379');
      expect(services[name].depends_on.redis.condition).toBe('service_healthy');
    }
  });

  it('gives the host a folder that its user may write', () => {
    const image = readFileSync(`${ROOT}Dockerfile`, 'utf8');
    const data = /^ENV SLACKWATER_DATA=(\S+)$/m.exec(image)?.[1];
    expect(services.host.volumes).toEqual([`releases:${data}`]);
    expect(volumes).toHaveProperty('releases');
    const user = /^USER (\S+)$/m.exec(image)?.[1];
    expect(image).toContain(`RUN install -d -o ${user} -g ${user} ${data}\n`);
  });
});
