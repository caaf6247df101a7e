import * as z from 'zod';
import { duration, name, positive, size } from './quantities.js';
import { type RedisConfig, redisConfig, redisSettings } from './redis-settings.js';

const count = z.int().min(1);
/** Names of environment variables. */
const variables = z
  .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'))
  .default([]);
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).prefault({} as never);

/** The keys of `config/slackwater.yaml`, which explains each. */
export const settingsSchema = z.strictObject({
  redis: redisSettings.prefault({} as never),
  server: section({
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(7070),
    bodyLimit: size.prefault('16MiB'),
  }),
  host: section({
    workers: z.union([z.literal('auto'), count], 'must be "auto" or a whole number from 1').default('auto'),
    queues: z.array(name).min(1).nullable().default(null),
    maxRuns: count.default(5_000),
    env: variables,
    lockDuration: duration.refine(ms => ms >= 1_000, 'must be at least 1s').prefault('10s'),
    killAfter: positive.prefault('5s'),
    crashLimit: count.default(3),
    runConcurrency: count.default(100),
  }),
  limits: section({
    payloadBytes: size.prefault('1MiB'),
    checkpointBytes: size.prefault('1MiB'),
    resultBytes: size.prefault('256KiB'),
    releaseBytes: size.prefault('50MiB'),
    logLines: count.default(1_000),
  }),
  window: section({
    drainTimeout: positive.prefault('10m'),
    maxDuration: positive.prefault('1h'),
    prepareTimeout: positive.prefault('2m'),
    announce: duration.prefault('10m'),
    onDrainTimeout: z.enum(['abort', 'force']).default('abort'),
    commands: z.boolean().default(true),
    env: variables,
  }),
  schedules: section({ backlogPerSecond: count.default(20) }),
  queues: section({ priorityAging: duration.prefault('5m') }),
  retention: section({ completed: positive.prefault('7d'), failed: positive.prefault('30d') }),
  data: z.string().min(1).default('.slackwater'),
});
export type Settings = z.output<typeof settingsSchema>;

/** What the program reads: the settings with defaults filled in; times in ms, sizes in bytes. */
export interface Config {
  redis: RedisConfig;
  server: {
    host: string;
    port: number;
    /** Largest request body; blobs of a release are measured by `limits.releaseBytes`. */
    bodyLimit: number;
    /** Bearer tokens that are let in (`SLACKWATER_TOKEN`, comma-separated). Never in the file. */
    tokens: string[];
  };
  host: {
    workers: number;
    /** `null`: all queues. */
    queues: string[] | null;
    maxRuns: number;
    env: string[];
    lockDurationMs: number;
    killAfterMs: number;
    crashLimit: number;
    runConcurrency: number;
  };
  limits: {
    payloadBytes: number;
    checkpointBytes: number;
    resultBytes: number;
    releaseBytes: number;
    logLines: number;
  };
  window: {
    drainTimeoutMs: number;
    maxDurationMs: number;
    prepareTimeoutMs: number;
    announceMs: number;
    onDrainTimeout: 'abort' | 'force';
    commands: boolean;
    env: string[];
  };
  schedules: {
    /** Late fires of one app. */
    backlogPerSecond: number;
  };
  queues: {
    /** 0: runs do not rise. */
    priorityAgingMs: number;
  };
  retention: { completedMs: number; failedMs: number };
  data: string;
}

/** @param cores what `workers: auto` stands for. */
export function toConfig(settings: Settings, cores: number, tokens: string[] = []): Config {
  const { redis, server, host, limits, window, schedules, queues, retention, data } = settings;
  const { lockDuration, killAfter, ...hostRest } = host;
  return {
    redis: redisConfig(redis),
    server: { ...server, tokens },
    host: {
      ...hostRest,
      workers: host.workers === 'auto' ? cores : host.workers,
      lockDurationMs: lockDuration,
      killAfterMs: killAfter,
    },
    limits,
    window: {
      drainTimeoutMs: window.drainTimeout,
      maxDurationMs: window.maxDuration,
      prepareTimeoutMs: window.prepareTimeout,
      announceMs: window.announce,
      onDrainTimeout: window.onDrainTimeout,
      commands: window.commands,
      env: window.env,
    },
    schedules,
    queues: { priorityAgingMs: queues.priorityAging },
    retention: { completedMs: retention.completed, failedMs: retention.failed },
    data,
  };
}
