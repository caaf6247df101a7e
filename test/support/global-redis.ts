import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type FoundRedis, findRedis } from '../../src/redis/find-redis.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

/** Shared by the projects of one run, which load this file once each. */
const shared = globalThis as {
  slackwaterTestRedis?: { found: Promise<FoundRedis>; data: string; users: number };
};

/** One Redis for the whole run, away from the `.slackwater/` of `dev` and demo. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.slackwaterTestRedis ??= start();
  const redis = shared.slackwaterTestRedis;
  redis.users += 1;
  project.provide('redisUrl', (await redis.found).url);
  return async () => {
    redis.users -= 1;
    if (redis.users > 0) return;
    delete shared.slackwaterTestRedis;
    await (await redis.found).stop();
    rmSync(redis.data, { recursive: true, force: true });
  };
}

function start() {
  const data = mkdtempSync(join(tmpdir(), 'slackwater-redis-'));
  return { data, users: 0, found: findRedis({ data }) };
}
