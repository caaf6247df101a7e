import { type Redis, redisNow } from '../store/redis.js';

/**
 * The clock of Redis as this machine sees it: its offset is measured now and then, with the round trip halved. Hosts report times on it, so that
 * a report may subtract what two machines saw.
 */
export class RedisClock {
  #offset: number | null = null;

  constructor(private readonly redis: Redis) {}

  async measure(): Promise<void> {
    const before = performance.now();
    const theirs = await redisNow(this.redis);
    const after = performance.now();
    this.#offset = theirs - (before + after) / 2;
  }

  /** ms since the epoch, with fractions. */
  now(): number {
    return this.#offset === null ? Date.now() : performance.now() + this.#offset;
  }
}
