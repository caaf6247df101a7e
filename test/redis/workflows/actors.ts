import type { Queue } from 'bullmq';
import type { Queues } from '../../../src/queue/queues.js';
import type { Redis, Store } from '../../../src/store/redis.js';
import type { Random } from '../../simulation/random.js';

/** What of an actor keeps its order, as what goes through one connection does. `code`: of no order. */
type Lane = 'store' | 'queue' | 'claim' | 'code' | 'work';

interface Act {
  actor: string;
  lane: Lane;
  what: string;
  go(): Promise<void>;
  fail(error: Error): void;
}

export interface ActorsOptions {
  random: Random;
  /** The share of answers of Redis that never come, though what was asked for is done. */
  lost: number;
  /** A script is being sent. */
  onScript?(actor: string, script: string, args: unknown[]): void;
}

/** As of a connection that broke: nobody knows whether it was done. */
export class LostAnswer extends Error {}

/**
 * Lets several hosts of one process take turns, act for act: what any of them asks of Redis, of a queue or of its code waits until it is its turn. So two of them may be between
 * any two acts, and one that is struck there never goes on.
 */
export class Actors {
  #pending: Act[] = [];
  readonly #stopped = new Set<string>();
  readonly #dead = new Set<string>();
  readonly log: string[] = [];
  #failure: Error | null = null;

  constructor(private readonly options: ActorsOptions) {}

  /** Nothing waits, but for those who are stopped. */
  get idle(): boolean {
    return this.#heads().length === 0;
  }

  tell(text: string): void {
    this.log.push(text);
  }

  /** The story breaks off here. */
  fail(error: Error): void {
    this.#failure ??= error;
  }

  /** Begins something; what it throws fails the story. */
  begin(actor: string, what: string, work: () => Promise<void>): void {
    this.tell(`${actor} ${what}`);
    work().catch((error: Error) => this.fail(error));
  }

  /** Lets one of the acts happen that wait, and what follows of it in this process. */
  async next(): Promise<void> {
    await settled();
    const heads = this.#heads();
    if (heads.length > 0) {
      const act = this.options.random.pick(heads);
      this.#pending.splice(this.#pending.indexOf(act), 1);
      this.tell(`${act.actor}: ${act.what}`);
      await act.go();
      await settled();
    }
    if (this.#failure) throw this.#failure;
  }

  /** The first act of each lane. */
  #heads(): Act[] {
    const seen = new Set<string>();
    return this.#pending.filter(({ actor, lane }) => {
      if (this.#stopped.has(actor)) return false;
      const key = `${actor} ${lane}`;
      if (lane === 'code' || lane === 'work') return true;
      return !seen.has(key) && seen.add(key);
    });
  }

  /** It dies: what it had asked for and not got never happens. */
  strike(actor: string): void {
    this.#pending = this.#pending.filter(act => act.actor !== actor);
    this.#stopped.delete(actor);
    this.#dead.add(actor);
  }

  /** It stands still until it goes on. */
  stop(actor: string): void {
    this.#stopped.add(actor);
  }

  goOn(actor: string): void {
    this.#stopped.delete(actor);
  }

  isStopped = (actor: string): boolean => this.#stopped.has(actor);

  /** Its workers are ended: what computes in them fails with this. */
  endWork(actor: string, error: Error): void {
    const [ends, stays] = [[] as Act[], [] as Act[]];
    for (const act of this.#pending) (act.actor === actor && act.lane === 'work' ? ends : stays).push(act);
    this.#pending = stays;
    for (const act of ends) act.fail(error);
  }

  act<T>(actor: string, lane: Lane, what: string, work: () => Promise<T>): Promise<T> {
    const { random, lost } = this.options;
    // What it was about to ask for.
    if (this.#dead.has(actor)) return new Promise(() => {});
    return new Promise((resolve, fail) => {
      const go = async () => {
        const isLost = lane !== 'code' && lane !== 'work' && random.chance(lost);
        try {
          const answer = await work();
          if (!isLost) return resolve(answer);
          this.tell(`--- ${actor} does not get the answer`);
          fail(new LostAnswer('Connection is closed.'));
        } catch (error) {
          fail(error);
        }
      };
      this.#pending.push({ actor, lane, what, go, fail });
    });
  }

  /** The store as this actor has it. */
  storeOf(actor: string, store: Store, lane: Lane = 'store'): Store {
    return { ...store, redis: this.#turns(actor, store.redis, lane) };
  }

  queuesOf(actor: string, queues: Queues): Queues {
    const act = <T>(what: string, work: () => Promise<T>) => this.act(actor, 'queue', what, work);
    const get = (name: string) => {
      const queue = queues.get(name);
      return {
        addBulk: (jobs: never[]) => act(`addBulk of ${jobs.length}`, () => queue.addBulk(jobs)),
        getJob: async (id: string) => {
          const job = await act(`getJob ${id}`, () => queue.getJob(id));
          const retry = (state: 'failed') => act(`retry ${id}`, () => job!.retry(state));
          return job && { finishedOn: job.finishedOn, retry };
        },
      } as unknown as Queue;
    };
    return { ...queues, get };
  }

  #turns(actor: string, redis: Redis, lane: Lane): Redis {
    const act = (what: string, work: () => Promise<unknown>) => this.act(actor, lane, what, work);
    const { onScript } = this.options;
    const isDead = () => this.#dead.has(actor);
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
        const what = String(name).replace(/^sw_/, '').replaceAll('_', '-');
        return (...args: unknown[]) => {
          if (String(name).startsWith('sw_') && !isDead()) onScript?.(actor, what, args);
          return act(what, () => value.apply(target, args));
        };
      },
    });
  }
}

/** All that this process has to do before it waits for something else. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(() => setImmediate(resolve)));
