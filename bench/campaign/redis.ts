import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { type PrivateRedis, redisBinary, startPrivateRedis } from '../../src/redis/find-redis.mjs';
import { connect, type Redis } from '../../src/store/redis.js';
import type { Scope } from '../support/scope.js';

/** A Redis of the campaign's own, to be killed, stopped, and filled up. */
export class CampaignRedis {
  readonly #password = randomBytes(12).toString('hex');
  #running!: PrivateRedis;
  /** A connection past all links, for what the campaign itself asks. */
  #direct!: Redis;
  #settings: Record<string, string> = {};
  /** How often it was killed: what was answered before is only there if it was known to be on its disk. */
  #deaths = 0;
  #waits = false;
  version = '';

  private constructor(
    private readonly data: string,
    readonly port: number,
  ) {}

  /** Its append-only file is synced every second where it can be asked to wait for that (`WAITAOF`, from 7.2), else at every write. */
  static async start(data: string, scope: Scope): Promise<CampaignRedis> {
    const redis = new CampaignRedis(data, await freePort());
    scope.defer(() => redis.#end());
    await redis.#launch();
    redis.#direct = connect({ url: redis.urlAt(redis.port) });
    redis.version = /redis_version:(\S+)/.exec(await redis.#direct.info('server'))?.[1] ?? '';
    redis.#waits = Number.parseFloat(redis.version) >= 7.2;
    if (!redis.#waits) {
      redis.#settings = { appendfsync: 'always' };
      await redis.restart();
    }
    return redis;
  }

  get direct(): Redis {
    return this.#direct;
  }

  get synced(): string {
    return this.#waits ? 'synced every second, commits wait for that' : 'synced at every write';
  }

  /** Its address by this port: its own, or that of a link to it. */
  urlAt = (port: number): string => `redis://:${this.#password}@127.0.0.1:${port}`;

  /**
   * Does something until its outcome is known to be on the disk: a careful producer. It has to bear being done twice.
   * @throws what it throws
   */
  async surely<Outcome>(act: () => Promise<Outcome>): Promise<Outcome> {
    for (;;) {
      const deaths = this.#deaths;
      const outcome = await act();
      if (!this.#waits) return outcome;
      // Behind all that was written before, whoever wrote it.
      await this.#direct.set('campaign:mark', deaths).catch(() => {});
      const confirmed = await this.#direct.call('WAITAOF', 1, 0, 5_000).catch(() => [0]);
      if (deaths === this.#deaths && (confirmed as number[])[0] === 1) return outcome;
    }
  }

  async kill(): Promise<void> {
    this.#deaths++;
    process.kill(this.#running.pid, 'SIGKILL');
    await this.#running.exited;
  }

  async restart(): Promise<void> {
    await this.#running.stop();
    await this.#launch();
  }

  freeze(): void {
    process.kill(this.#running.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.#running.pid, 'SIGCONT');
  }

  async fill(): Promise<void> {
    await this.#direct.config('SET', 'maxmemory', '1');
  }

  async makeRoom(): Promise<void> {
    await this.#direct.config('SET', 'maxmemory', '0');
  }

  async #launch(): Promise<void> {
    const binary = redisBinary();
    if (!binary)
      throw new Error('the campaign kills its Redis: put redis-server or valkey-server on the PATH');
    const url = this.urlAt(this.port);
    this.#running = await startPrivateRedis({ data: this.data, binary, url, settings: this.#settings });
  }

  async #end(): Promise<void> {
    this.#direct?.disconnect();
    await this.#running?.stop();
  }
}

export function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}
