import type { Queue } from 'bullmq';
import type { Queues } from '../../../src/queue/queues.js';
import type { Redis, Store } from '../../../src/store/redis.js';
import type { Random } from '../../simulation/random.js';

interface Act {
  actor: string;
  what: string;
  go(): Promise<void>;
}

/**
 * Lets several hosts of one process take turns, act for act: what any of them asks of Redis or of a queue waits until it is its turn. So two of them may be between any two
 * acts, and one that is struck there never goes on.
 */
export class Actors {
  readonly #pending: Act[] = [];
  readonly #busy = new Set<string>();
  readonly log: string[] = [];

  constructor(private readonly random: Random) {}

  isBusy = (actor: string): boolean => this.#busy.has(actor);
  get idle(): boolean {
    return this.#busy.size === 0;
  }

  /** Begins something; what it throws fails the story. */
  begin(actor: string, what: string, work: () => Promise<void>): void {
    this.#busy.add(actor);
    this.log.push(`${actor} begins: ${what}`);
    work().then(
      () => this.#busy.delete(actor),
      error => {
        this.#busy.delete(actor);
        this.failure ??= error as Error;
      },
    );
  }

  failure: Error | null = null;

  /** Lets one of the acts happen that wait, and what follows of it in this process. @returns `false` where none waits. */
  async next(): Promise<boolean> {
    await settled();
    const at = this.random.between(0, Math.max(0, this.#pending.length - 1));
    const [act] = this.#pending.splice(at, 1);
    if (!act) return false;
    this.log.push(`${act.actor}: ${act.what}`);
    await act.go();
    await settled();
    if (this.failure) throw this.failure;
    return true;
  }

  /** It dies: what it had asked for and not got never happens. */
  strike(actor: string): void {
    this.log.push(`--- ${actor} dies`);
    for (let i = this.#pending.length - 1; i >= 0; i--)
      if (this.#pending[i]!.actor === actor) this.#pending.splice(i, 1);
    this.#busy.delete(actor);
  }

  act<T>(actor: string, what: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const go = () => work().then(resolve, reject);
      this.#pending.push({ actor, what, go });
    });
  }

  /** The store as this actor has it. */
  storeOf(actor: string, store: Store): Store {
    return { ...store, redis: this.#turns(actor, store.redis) };
  }

  queuesOf(actor: string, queues: Queues): Queues {
    const get = (name: string) => {
      const queue = queues.get(name);
      return {
        addBulk: (jobs: never) => this.act(actor, 'addBulk', () => queue.addBulk(jobs)),
        getJob: async (id: string) => {
          const job = await this.act(actor, `getJob ${id}`, () => queue.getJob(id));
          return (
            job && {
              finishedOn: job.finishedOn,
              retry: (state: 'failed') => this.act(actor, `retry ${id}`, () => job.retry(state)),
            }
          );
        },
      } as unknown as Queue;
    };
    return { ...queues, get };
  }

  #turns(actor: string, redis: Redis): Redis {
    const act = (what: string, work: () => Promise<unknown>) => this.act(actor, what, work);
    return new Proxy(redis, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        if (name === 'pipeline')
          return () => {
            const pipeline = target.pipeline();
            const exec = pipeline.exec.bind(pipeline);
            pipeline.exec = () => act('pipeline', exec) as never;
            return pipeline;
          };
        if (name === 'defineCommand') return value.bind(target);
        return (...args: unknown[]) => act(String(name), () => value.apply(target, args));
      },
    });
  }
}

/** All that this process has to do before it waits for something else. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(() => setImmediate(resolve)));
