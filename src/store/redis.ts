import { readFileSync } from 'node:fs';
import type { RedisOptions } from 'ioredis';
import { type ConnectionOptions, connect, type Redis } from './connection.js';
import { createKeys, type Keys } from './keys.js';

export { checkRedis } from './check-redis.js';
export { connect } from './connection.js';
export type { Redis };

export interface StoreOptions extends ConnectionOptions {
  queuePrefix?: string;
}

/** A connection and the keys that go with it: what every function of the store takes first. */
export interface Store {
  redis: Redis;
  keys: Keys;
  options: StoreOptions;
}

export function openStore(options: StoreOptions, extra: RedisOptions = {}): Store {
  return {
    redis: connect(options, extra),
    keys: createKeys(options.namespace, options.queuePrefix),
    options,
  };
}

/** @returns ms since the epoch by the clock of Redis, the one that machines agree on. */
export async function redisNow(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

type ScriptArgument = string | number | Buffer;

export interface Script<Result> {
  (redis: Redis, ...args: ScriptArgument[]): Promise<Result>;
  /** Makes it known to this connection, so that its pipelines have it. @returns the name of the command. */
  definedOn(redis: Redis): string;
}

/**
 * A Lua script of `scripts/`, one atomic act. Defined on the client at first use, then sent as EVALSHA (with the text again where a
 * restarted Redis has forgotten it).
 * @param keys how many of the arguments are keys; left out where that differs from call to call: then the first argument says it.
 */
export function script<Result>(name: string, keys?: number): Script<Result> {
  const lua = textOf(name);
  const command = `sw_${name.replaceAll('-', '_')}`;
  const definedOn = (redis: Redis) => {
    if (!(command in redis)) redis.defineCommand(command, { numberOfKeys: keys, lua });
    return command;
  };
  const run = (redis: Redis, ...args: ScriptArgument[]) => {
    const client = redis as unknown as Record<string, (...args: ScriptArgument[]) => Promise<Result>>;
    return client[definedOn(redis)]!(...args);
  };
  return Object.assign(run, { definedOn });
}

/** A line `-- include NAME` stands for the text of that file: what several scripts share. */
function textOf(name: string): string {
  const lua = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
  return lua.replaceAll(/^-- include (\S+)$/gm, (_, part: string) => textOf(part));
}
