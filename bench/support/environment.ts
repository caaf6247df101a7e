import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem, type } from 'node:os';
import { connect } from '../../src/store/redis.js';

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8'))
    .version;

/** What the figures were taken on: no figure means anything without it. */
export interface Environment {
  date: string;
  cores: number;
  cpu: string;
  memoryGiB: number;
  os: string;
  node: string;
  redis: string;
  slackwater: string;
  bullmq: string;
  ioredis: string;
  /** Processes that wanted to run when it began: well below the cores on a machine that is left alone. */
  load: number;
}

export async function environment(redisUrl: string): Promise<Environment> {
  const redis = connect({ url: redisUrl });
  const info = await redis.info('server').finally(() => redis.disconnect());
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: type(),
    node: process.versions.node,
    redis: /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown',
    slackwater: version,
    bullmq: versionOf('bullmq'),
    ioredis: versionOf('ioredis'),
    load: Math.round(loadavg()[0]! * 100) / 100,
  };
}

export const environmentLine = (env: Environment): string =>
  `${env.date} · ${env.cores} cores (${env.cpu}), ${env.memoryGiB} GiB, ${env.os} · Node ${env.node}, Redis ${env.redis} on the same cores · Slackwater ${env.slackwater}, bullmq ${env.bullmq}, ioredis ${env.ioredis} · load at the start ${env.load}`;

/** Removes every key of a bench from a Redis that is not its own. */
export async function forget(redisUrl: string, name: string): Promise<void> {
  const redis = connect({ url: redisUrl });
  try {
    for await (const keys of redis.scanStream({ match: `*{${name}*`, count: 1_000 })) {
      if (keys.length > 0) await redis.unlink(...(keys as string[]));
    }
  } finally {
    redis.disconnect();
  }
}
