import { availableParallelism } from 'node:os';
import { Queue } from 'bullmq';
import { connect, type Redis } from '../../src/store/redis.js';
import type { Context } from '../support/bench.js';
import { Child } from '../support/child.js';
import type { SchedulersOptions } from './schedulers-main.js';

const CONCURRENCY = 100;

/** BullMQ's job schedulers: a queue of its own, and on each core a process with a `Worker`, which is what makes them fire. */
export class SchedulersPeer {
  readonly #queue: Queue;
  readonly #redis: Redis;
  readonly #prefix: string;
  #workers: Child[] = [];

  constructor(
    private readonly context: Context,
    readonly name: string,
    private readonly options: { processes?: number; ledger?: string } = {},
  ) {
    this.#prefix = `{${context.keys}-bullmq}`;
    this.#redis = connect({ url: context.redisUrl });
    this.#queue = new Queue(name, { connection: this.#redis, prefix: this.#prefix });
    this.#queue.on('error', () => {});
    context.scope.defer(async () => {
      await this.#queue.close();
      this.#redis.disconnect();
    });
  }

  /** Begins the names of all its keys. */
  get keys(): string {
    return `${this.#prefix}:${this.name}:`;
  }

  get workers(): readonly Child[] {
    return this.#workers;
  }

  async start(): Promise<void> {
    const options: SchedulersOptions = {
      redisUrl: this.context.redisUrl,
      prefix: this.#prefix,
      queue: this.name,
      concurrency: CONCURRENCY,
      ledger: this.options.ledger ?? null,
    };
    this.#workers = Array.from(
      { length: this.options.processes ?? availableParallelism() },
      () => new Child(this.context.programs.schedulers!, [JSON.stringify(options)], this.context),
    );
    await Promise.all(this.#workers.map(worker => worker.message('ready')));
  }

  async schedule(count: number, pattern: (i: number) => string, first = 0): Promise<void> {
    for (let i = first; i < count; i += 100)
      await Promise.all(
        Array.from({ length: Math.min(100, count - i) }, (_, k) =>
          this.#queue.upsertJobScheduler(
            nameOf(i + k),
            { pattern: pattern(i + k), tz: 'UTC' },
            { name: 'tick', data: {} },
          ),
        ),
      );
  }

  /** The ID of the job of a scheduler for an instant, ms. */
  jobId = (i: number, at: number): string => `repeat:${nameOf(i)}:${at}`;

  /** Ends the processes, and forgets the queue. */
  async end(): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.stop()));
    this.#workers = [];
    await this.#queue.obliterate({ force: true, count: 10_000 });
  }
}

const nameOf = (i: number): string => `tick.${i}`;
