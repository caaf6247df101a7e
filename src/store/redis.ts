import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { SlackwaterError } from '../platform/errors.js';
import { createKeys, type Keys } from './keys.js';

export type { Redis };

export interface StoreOptions {
  /** `redis://…`, `rediss://…`, or `unix:///path` for a socket. */
  url: string;
  namespace?: string;
  queuePrefix?: string;
}

/** A connection and the keys that go with it: what every function of the store takes first. */
export interface Store {
  redis: Redis;
  keys: Keys;
  options: StoreOptions;
}

/**
 * Opens a connection as BullMQ needs it: commands wait for a reconnect (50–500 ms apart) instead of failing. The client's automatic
 * pipelining stays off: when a connection closes under such a pipeline, ioredis 6.0.0 throws outside of any promise and the process dies.
 */
export function connect(options: StoreOptions, extra: RedisOptions = {}): Redis {
  const settings: RedisOptions = {
    maxRetriesPerRequest: null,
    retryStrategy: times => Math.min(50 * times, 500),
    ...extra,
  };
  const socket = /^unix:\/\/(\/.+)$/.exec(options.url)?.[1];
  const redis = socket ? new Redis({ ...settings, path: socket }) : new Redis(options.url, settings);
  writeTogether(redis);
  // Without a listener ioredis prints every refused reconnect; who cares about them listens for itself.
  redis.on('error', () => {});
  return redis;
}

/**
 * Commands of one turn go out in one write, each still an own command with its own answer: a host saves hundreds of states at once, and a
 * write each was the largest part of its work.
 */
function writeTogether(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    const socket = (redis as unknown as { stream?: Socket }).stream;
    if (socket && socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    return send(command, stream);
  };
}

/** Whether an error only says that Redis is out of reach at the moment. */
export function isUnreachable(error: Error & { code?: string }): boolean {
  return (
    /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/.test(error.code ?? '') ||
    /Connection is closed/i.test(error.message)
  );
}

/** Calls `away` when the connection is lost and `back` when it serves again; never for what follows `redis.disconnect()`. */
export function onOutage(redis: Redis, away: () => void, back: () => void): void {
  let out = false;
  redis.on('reconnecting', () => {
    if (!out) away();
    out = true;
  });
  redis.on('ready', () => {
    if (out) back();
    out = false;
  });
}

export function openStore(options: StoreOptions, extra: RedisOptions = {}): Store {
  return {
    redis: connect(options, extra),
    keys: createKeys(options.namespace, options.queuePrefix),
    options,
  };
}

/** @throws SlackwaterError `bad-config` if this Redis could lose what it was given: evicting, or too old. */
export async function checkRedis(redis: Redis): Promise<void> {
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? '0';
  if (Number.parseFloat(version) < 6.2) {
    throw new SlackwaterError(
      'bad-config',
      `Redis ${version} is too old: Slackwater needs 6.2 or later, or Valkey`,
    );
  }
  const [, policy] = (await redis.config('GET', 'maxmemory-policy').catch(() => [])) as string[];
  if (policy !== undefined && policy !== 'noeviction') {
    throw new SlackwaterError(
      'bad-config',
      `Redis has maxmemory-policy ${policy} and would delete runs when memory is short: set it to noeviction`,
    );
  }
}

/** @returns ms since the epoch by the clock of Redis, the one that machines agree on. */
export async function redisNow(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

type ScriptArgument = string | number | Buffer;

/**
 * A Lua script of `scripts/`, one atomic act. Defined on the client at first use, then sent as EVALSHA (with the text again where a
 * restarted Redis has forgotten it).
 * @param keys how many of the arguments are keys; left out where that differs from call to call: then the first argument says it.
 */
export function script<Result>(
  name: string,
  keys?: number,
): (redis: Redis, ...args: ScriptArgument[]) => Promise<Result> {
  const lua = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
  const command = `sw_${name.replaceAll('-', '_')}`;
  return (redis, ...args) => {
    const client = redis as unknown as Record<string, (...args: ScriptArgument[]) => Promise<Result>>;
    if (!client[command]) redis.defineCommand(command, { numberOfKeys: keys, lua });
    return client[command]!(...args);
  };
}
