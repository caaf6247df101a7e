import * as z from 'zod';
import { namesSeveral, readSeveral } from '../redis/several.mjs';
import { name, positive } from './quantities.js';

const url = z
  .string()
  .regex(
    /^(rediss?(\+(cluster|sentinel))?:\/\/|unix:\/\/\/)\S+$/,
    'must begin with redis://, rediss://, redis+cluster://, redis+sentinel:// or unix:///',
  )
  .superRefine((address, context) => {
    if (!namesSeveral(address)) return;
    try {
      readSeveral(address);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });

const queuePrefix = z.string().regex(/^[^\s:]+$/, 'must have no colon and no space');

/** In a Cluster, what is done in one act must lie in one slot: the one that this part of every key names. */
const HASH_TAG = /\{[^{}]+\}/;

/** The section `redis` of `config/slackwater.yaml`. */
export const redisSettings = z
  .strictObject({
    url: url.default('redis://127.0.0.1:6379'),
    namespace: name.default('sw'),
    queuePrefix: queuePrefix.nullable().default(null),
    durability: z.enum(['none', 'wait']).default('none'),
    durabilityTimeout: positive.prefault('5s'),
  })
  .superRefine((redis, context) => {
    if (!isCluster(redis.url) || redis.queuePrefix === null || HASH_TAG.test(redis.queuePrefix)) return;
    context.addIssue({
      code: 'custom',
      path: ['queuePrefix'],
      message: `must hold a hash tag, such as "{${redis.queuePrefix}}": in a Cluster all keys of a queue must be in one slot`,
    });
  });

export interface RedisConfig {
  url: string;
  namespace: string;
  queuePrefix: string;
  /** `wait`: `ctx.commit` returns when Redis has the state where it survives a crash. */
  durability: 'none' | 'wait';
  /** How long a commit waits for that, ms. */
  durabilityTimeoutMs: number;
}

export function redisConfig({ durabilityTimeout, ...redis }: z.output<typeof redisSettings>): RedisConfig {
  return {
    ...redis,
    queuePrefix: redis.queuePrefix ?? (isCluster(redis.url) ? '{bull}' : 'bull'),
    durabilityTimeoutMs: durabilityTimeout,
  };
}

const isCluster = (address: string) => /^rediss?\+cluster:/.test(address);
