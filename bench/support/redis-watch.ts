import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { connect, type Redis } from '../../src/store/redis.js';
import type { Context } from './bench.js';

/** Nobody else is served meanwhile. */
const SLOW_MS = 10;
/** Any real-time priority is above all that is not. */
const PRIORITY = '1';

const run = promisify(execFile);

/** What Redis itself says of some work: commands and scripts that took long, and the room that it left taken. */
export class RedisWatch {
  readonly #redis: Redis;

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  static async on({ redisUrl, scope }: Context): Promise<RedisWatch> {
    const redis = connect({ url: redisUrl });
    scope.defer(() => redis.disconnect());
    await redis.config('SET', 'slowlog-log-slower-than', String(SLOW_MS * 1_000));
    return new RedisWatch(redis);
  }

  /** @returns what `work` gave, and the bytes that Redis holds more than before. */
  async room<T>(work: () => Promise<T>): Promise<{ value: T; bytes: number }> {
    const before = await this.#memory();
    const value = await work();
    return { value, bytes: (await this.#memory()) - before };
  }

  /**
   * What of `work` took Redis long. SLOWLOG goes by the clock on the wall: on cores that others want too, Redis is taken off its core in the middle of
   * an HSET. So it is given a real-time priority meanwhile, as far as we may; what is slow then is slow by itself.
   */
  async slow(work: () => Promise<unknown>): Promise<string> {
    const undisturbed = await this.#priority('--fifo', PRIORITY);
    try {
      await this.#redis.slowlog('RESET');
      await work();
      const entries = (await this.#redis.slowlog('GET', -1)) as [id: number, at: number, us: number][];
      const worst = Math.round(Math.max(0, ...entries.map(([, , us]) => us)) / 1_000);
      const told =
        entries.length === 0
          ? `no command and no script took Redis more than ${SLOW_MS} ms (SLOWLOG)`
          : `${entries.length} commands or scripts took Redis more than ${SLOW_MS} ms (SLOWLOG), at most ${worst} ms`;
      return undisturbed
        ? `${told}, with Redis at a real-time priority`
        : `${told}; Redis could not be given a real-time priority (chrt, as root) and may have been kept waiting by other processes`;
    } finally {
      if (undisturbed) await this.#priority('--other', '0');
    }
  }

  async #memory(): Promise<number> {
    return Number(/used_memory:(\d+)/.exec(await this.#redis.info('memory'))![1]);
  }

  /** @returns false where we may not: not root, not Linux, Redis on another machine. */
  async #priority(policy: string, priority: string): Promise<boolean> {
    const pid = /process_id:(\d+)/.exec(await this.#redis.info('server'))![1]!;
    return run('chrt', ['--all-tasks', policy, '--pid', priority, pid]).then(
      () => true,
      () => false,
    );
  }
}
