import { describe } from 'vitest';
import { type PrivateRedis, redisBinary, startPrivateRedis } from '../../src/redis/find-redis.mjs';
import { onEnd } from './lifetime.js';
import { tempDir } from './temp-dir.js';

/** A Redis of a test's own, with its append-only file, that comes back under the same URL. */
export interface KillableRedis {
  readonly url: string;
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: it is there and says nothing. */
  freeze(): void;
  thaw(): void;
  /** Starts it again on the same data, having killed it if it runs. */
  restart(): Promise<void>;
  /** Asks it to leave; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts one; it is stopped when the test (or the file) ends. Use it inside `describeWithRedisBinary`. */
export async function privateRedis(): Promise<KillableRedis> {
  const binary = redisBinary();
  if (!binary) throw new Error('privateRedis() needs redis-server or valkey-server on the PATH');
  const data = tempDir('redis');
  let current: PrivateRedis = await startPrivateRedis({ data, binary });
  const signal = (name: NodeJS.Signals) => process.kill(current.pid, name);
  const kill = async () => {
    if (await running(current)) signal('SIGKILL');
    await current.exited;
  };
  onEnd(async () => {
    if (await running(current)) signal('SIGCONT');
    await current.stop();
  });
  return {
    url: current.url,
    get pid() {
      return current.pid;
    },
    kill,
    freeze: () => void signal('SIGSTOP'),
    thaw: () => void signal('SIGCONT'),
    async restart() {
      await kill();
      current = await startPrivateRedis({ data, binary, url: current.url });
    },
    stop: () => current.stop(),
  };
}

/** `describe` for tests that kill Redis: without a program to start they are skipped, and that is said. Beside these only the test over Valkey is. */
export const describeWithRedisBinary: typeof describe.skip = redisBinary() ? describe : skipLoudly();

function skipLoudly() {
  console.warn(
    'SKIPPED: tests that kill Redis need redis-server or valkey-server on the PATH, REDIS_URL is not enough',
  );
  return describe.skip;
}

function running(redis: PrivateRedis): Promise<boolean> {
  return Promise.race([
    redis.exited.then(() => false),
    new Promise<true>(resolve => setImmediate(resolve, true)),
  ]);
}
