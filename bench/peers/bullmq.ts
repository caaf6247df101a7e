import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { connect } from '../../src/store/redis.js';
import { type Context, check } from '../support/bench.js';
import { Child } from '../support/child.js';
import { freshState } from '../work/steps.js';
import type { BullmqOptions, StepJob } from './bullmq-main.js';

export interface BullmqPeerOptions {
  runs: number;
  bytes: number;
  stepMs: number;
  /** Where this round's ledger is kept. */
  folder: string;
  lockMs?: number;
  stalledMs?: number;
  /** Each step at once into the ledger. */
  durable?: boolean;
}

/** BullMQ's own defaults. */
const DEFAULT_MS = 30_000;
const SAVE_EVERY_MS = 250;

/** Plain BullMQ: one queue, and on each core a process with a `Worker` whose jobs save their state with `updateData`. */
export class BullmqPeer {
  readonly #queue: Queue<StepJob>;
  readonly #name: string;
  #workers: Child[] = [];

  constructor(
    private readonly context: Context,
    private readonly options: BullmqPeerOptions,
    private readonly processes: number = availableParallelism(),
  ) {
    this.#name = options.folder.split('/').at(-1)!;
    const redis = connect({ url: context.redisUrl });
    this.#queue = new Queue(this.#name, { connection: redis, prefix: this.#prefix });
    this.#queue.on('error', () => {});
    context.scope.defer(async () => {
      await this.#queue.close();
      redis.disconnect();
    });
  }

  get #prefix(): string {
    return `{${this.context.keys}-bullmq}`;
  }

  /** @param lastsMs of each job by its number; `undefined`: until it is ended. */
  async add(
    jobs: number,
    lastsMs: (i: number) => number | undefined = () => undefined,
    first = 0,
  ): Promise<void> {
    const { stepMs, bytes } = this.options;
    const data = Array.from({ length: jobs }, (_, i): StepJob => {
      return { run: `r${first + i}`, stepMs, lastsMs: lastsMs(i), state: freshState(bytes) };
    });
    for (let from = 0; from < jobs; from += 1_000)
      await this.#queue.addBulk(data.slice(from, from + 1_000).map(data => ({ name: 'steps', data })));
  }

  /** Starts the processes. @param by names them in the ledger. @param places of each; default: its share of the runs. */
  start(by: string, places?: number): void {
    const { runs, folder, lockMs = DEFAULT_MS, stalledMs = DEFAULT_MS, durable = false } = this.options;
    this.#workers = Array.from({ length: this.processes }, (_, i) => {
      const options: BullmqOptions = {
        redisUrl: this.context.redisUrl,
        prefix: this.#prefix,
        queue: this.#name,
        concurrency: places ?? Math.floor((runs + i) / this.processes),
        lockMs,
        stalledMs,
        saveEveryMs: SAVE_EVERY_MS,
        dir: folder,
        by,
        durable,
      };
      return new Child(this.context.programs.bullmq!, [JSON.stringify(options)], this.context);
    });
  }

  /** Resolves when every place has a job that runs. */
  async full(timeout = 60_000): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.message('full', timeout)));
  }

  /**
   * Resolves when every run has been entered since the last start.
   * @returns how many had been when the time was over: with thousands of runs BullMQ may lose locks that it holds, and start runs twice instead.
   */
  async allEntered(runs: number, timeoutMs: number): Promise<number> {
    const seen = new Set<string>();
    const over = wait(timeoutMs, null, { ref: false });
    const listen = async (worker: Child) => {
      while (seen.size < runs) {
        const message = await Promise.race([worker.message('entered', 2 * timeoutMs), over]);
        if (message === null) return;
        for (const run of message.runs as string[]) seen.add(run);
      }
    };
    const listening = this.#workers.map(listen);
    for (const each of listening) each.catch(() => {});
    await Promise.race([...listening, over]);
    return seen.size;
  }

  /**
   * Closes every worker and waits for its process to end: after its jobs, or when they have saved their state and gone back to the queue.
   * @returns when each process took no further jobs, by its ID.
   */
  async close(how: 'wait' | 'give-back'): Promise<Map<number, number>> {
    for (const worker of this.#workers) worker.send({ t: how });
    const closed = await Promise.all(this.#workers.map(worker => worker.message('closing')));
    await Promise.all(this.#workers.map(worker => worker.exited));
    return new Map(closed.map(({ pid, at }) => [Number(pid), Number(at)]));
  }

  async kill(): Promise<void> {
    for (const worker of this.#workers) worker.kill();
    await Promise.all(this.#workers.map(worker => worker.exited));
  }

  /** Ends the processes, and forgets the queue. @throws Error if a job failed. */
  async end(): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.stop()));
    const failed = await this.#queue.getFailedCount();
    await this.#queue.obliterate({ force: true, count: 10_000 });
    check(failed === 0, `${failed} jobs failed in plain BullMQ`);
  }
}
