import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { settingsSchema } from '../../src/config/config.js';
import { environmentNames } from '../../src/config/environment.js';
import { loadConfig } from '../../src/config/load.js';

const reference = new URL('../../config/slackwater.yaml', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'slackwater-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(yaml: string): string {
  const file = join(folder, 'slackwater.yaml');
  writeFileSync(file, yaml);
  return file;
}

function faultOf(yaml: string, env = {}): string {
  try {
    loadConfig({ file: fileOf(yaml), env });
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad-config' });
    return (error as Error).message;
  }
  throw new Error('the configuration was accepted');
}

describe('the reference file', () => {
  test('holds every key with its default', () => {
    const written = parse(readFileSync(reference, 'utf8'));
    expect(settingsSchema.parse(written)).toEqual(settingsSchema.parse({}));
    const keys = Object.entries(written).flatMap(([section, value]) =>
      value !== null && typeof value === 'object'
        ? Object.keys(value).map(key => `${section}.${key}`)
        : [section],
    );
    expect(new Set(keys)).toEqual(new Set(environmentNames().values()));
  });

  test('loads to the same as no file at all', () => {
    expect(loadConfig({ file: reference.pathname, env: {} })).toEqual(loadConfig({ env: {} }));
  });
});

describe('values', () => {
  test('durations become milliseconds, sizes bytes, auto the number of cores', () => {
    const file = fileOf('host: { lockDuration: PT30S }\nlimits: { payloadBytes: 64KiB }\nserver:\n');
    const config = loadConfig({ file, env: {} });
    expect(config.host.lockDurationMs).toBe(30_000);
    expect(config.limits.payloadBytes).toBe(65_536);
    expect(config.host.workers).toBe(availableParallelism());
    expect(config.server.port).toBe(7070);
  });

  test('the environment goes before the file, short names before long ones', () => {
    const file = fileOf('host: { workers: 2 }\nredis: { namespace: a }');
    const env = {
      SLACKWATER_HOST_WORKERS: '5',
      SLACKWATER_HOST_QUEUES: 'reports, billing',
      SLACKWATER_NAMESPACE: 'b',
      SLACKWATER_REDIS_NAMESPACE: 'c',
      REDIS_URL: 'unix:///tmp/redis.sock',
      SLACKWATER_TOKEN: 'one,two',
      SLACKWATER_PORT: '',
      SLACKWATER_WINDOW_COMMANDS: 'false',
      SLACKWATER_WINDOW_ENV: 'DATABASE_URL, PGPASSFILE',
    };
    const config = loadConfig({ file, env });
    expect(config.host).toMatchObject({ workers: 5, queues: ['reports', 'billing'] });
    expect(config.redis).toMatchObject({ namespace: 'b', url: 'unix:///tmp/redis.sock' });
    expect(config.window).toMatchObject({ commands: false, env: ['DATABASE_URL', 'PGPASSFILE'] });
    expect(config.server).toMatchObject({ tokens: ['one', 'two'], port: 7070 });
  });

  test('what Kubernetes sets for a service named slackwater is passed over', () => {
    const env = {
      SLACKWATER_PORT: 'tcp://10.0.0.1:7070',
      SLACKWATER_SERVER_SERVICE_HOST: '10.0.0.1',
      SLACKWATER_SERVER_PORT_7070_TCP_ADDR: '10.0.0.1',
    };
    expect(loadConfig({ env })).toEqual(loadConfig({ env: {} }));
  });
});

describe('faults name path, place and what was expected', () => {
  test.each([
    [
      'an unknown section',
      'redis:\n  url: redis://x\nservers:\n  port: 1\n',
      /yaml:3: servers: no such key; known here: redis, server/,
    ],
    [
      'an unknown key',
      'redis:\n  url: redis://x\n  ulr: y\n',
      /yaml:3: redis\.ulr: no such key; known here: url, namespace/,
    ],
    [
      'a bad duration',
      '\nhost:\n  killAfter: soon\n',
      /yaml:3: host\.killAfter: "soon" is not a duration: write/,
    ],
    [
      'a lock time without a margin',
      'host:\n  lockDuration: 10ms\n',
      /yaml:2: host\.lockDuration: must be at least 1s/,
    ],
    ['a bad size', 'limits:\n  payloadBytes: 1 TB\n', /yaml:2: limits\.payloadBytes: "1 TB" is not a size/],
    ['a bad number', 'server:\n  port: 99999\n', /yaml:2: server\.port: .*65535.*found 99999/],
    [
      'bad workers',
      'host:\n  workers: many\n',
      /yaml:2: host\.workers: must be "auto" or a whole number from 1/,
    ],
    ['a bad choice', 'window:\n  onDrainTimeout: wait\n', /window\.onDrainTimeout: .*"abort".*"force"/],
    ['a section that is none', 'redis: 6379\n', /yaml:1: redis: .*expected object.*found 6379/],
    ['a list at the top', '- redis\n', /yaml:1: must hold sections/],
    ['broken YAML', 'redis:\n  url: "x\n', /yaml:\d+: not valid YAML/],
  ])('%s', (_, yaml, message) => {
    expect(faultOf(yaml)).toMatch(message);
  });

  test('all at once', () => {
    const fault = faultOf('server:\n  port: x\nhost:\n  crashLimit: 0\n');
    expect(fault).toMatch(/server\.port/);
    expect(fault).toMatch(/host\.crashLimit/);
  });

  test('a variable by its name', () => {
    expect(faultOf('', { SLACKWATER_HOST_CRASH_LIMIT: 'x' })).toMatch(
      /SLACKWATER_HOST_CRASH_LIMIT: host\.crashLimit/,
    );
    expect(faultOf('', { SLACKWATER_HOST_WORKER: '1' })).toMatch(/SLACKWATER_HOST_WORKER: no such setting/);
  });

  test('a file that is not there', () => {
    expect(() => loadConfig({ file: join(folder, 'none.yaml'), env: {} })).toThrow(
      /cannot read .*none\.yaml/,
    );
  });
});

describe('a Redis of several', () => {
  test('keeps the queues of a Cluster in one slot, and asks for a prefix that does', () => {
    const prefixOf = (yaml: string) => loadConfig({ file: fileOf(yaml), env: {} }).redis.queuePrefix;
    expect(prefixOf('redis: { url: "redis://a" }')).toBe('bull');
    expect(prefixOf('redis: { url: "redis+sentinel://a,b/tide" }')).toBe('bull');
    expect(prefixOf('redis: { url: "redis+cluster://a,b" }')).toBe('{bull}');
    expect(prefixOf('redis: { url: "redis+cluster://a,b", queuePrefix: "{mine}" }')).toBe('{mine}');
    expect(faultOf('redis:\n  url: redis+cluster://a,b\n  queuePrefix: mine')).toMatch(
      /yaml:3: redis\.queuePrefix: must hold a hash tag, such as "\{mine\}"/,
    );
  });

  test('is refused where it names too little', () => {
    expect(faultOf('redis: { url: redis+sentinel://a }')).toMatch(/redis\.url: names no master/);
    expect(faultOf('redis: { url: redis+ring://a }')).toMatch(/redis\.url: must begin with redis:/);
  });
});
