import type { Envelope } from '../model/run.js';
import { type Assurances, assurancesOf, inVain, isNone, noneOf, waitsFor } from './durability.js';
import { connect, type Redis, type Store } from './redis.js';
import type { Claimed } from './runs.js';
import { readSaved, type Saved, saveArguments, saveScript } from './saves.js';

interface Asked {
  run: Claimed;
  checkpoint: Envelope;
  resolve(saved: Saved): void;
  reject(error: unknown): void;
}

/** More than so many wait for the next batch. */
const AT_ONCE = 500;
/** A connection answers no more than this later than its waits are over, ms. */
const MARGIN_MS = 15_000;
/** How long what a Redis can assure is taken for known, ms: replicas come and go. */
const KNOWN_FOR_MS = 30_000;

/**
 * Saves that are answered when the state survives a crash of Redis. On a connection of their own: a wait covers only what its own connection wrote, and
 * blocks it. What is asked for during a wait goes out together behind it, so the number of commits a second does not hang on the disk's.
 *
 * Saves and wait are one pipeline. Where the connection breaks, ioredis sends a pipeline again as a whole or, once a part of it was answered, gives the rest up with an
 * error: so no wait ever vouches for what was written on another connection.
 */
export class DurableSaves {
  readonly #redis: Redis;
  #batch: Asked[] = [];
  #busy = false;
  #known: { assurances: Assurances; at: number } | null = null;

  constructor(
    private readonly store: Store,
    private readonly timeoutMs: number,
  ) {
    const socketTimeout = 2 * timeoutMs + MARGIN_MS;
    this.#redis = connect(store.options, { lazyConnect: true, socketTimeout });
    this.#redis.on('ready', () => {
      this.#known = null;
    });
  }

  /** @throws SlackwaterError `bad-config` where this Redis can assure nothing. */
  async start(): Promise<void> {
    if (isNone(await this.#assurances())) throw noneOf();
  }

  stop(): void {
    this.#redis.disconnect();
  }

  /** @throws FencedError; SlackwaterError `unavailable` where it is saved but was not confirmed in time; what Redis answers. */
  save(run: Claimed, checkpoint: Envelope): Promise<Saved> {
    return new Promise((resolve, reject) => {
      this.#batch.push({ run, checkpoint, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      setImmediate(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    while (this.#batch.length > 0) {
      const batch = this.#batch.splice(0, AT_ONCE);
      await this.#send(batch).catch(error => {
        for (const { reject } of batch) reject(error);
      });
    }
    this.#busy = false;
  }

  async #send(batch: Asked[]): Promise<void> {
    const assurances = await this.#assurances();
    if (isNone(assurances)) throw noneOf();
    const waits = waitsFor(assurances, this.timeoutMs);
    const pipeline = this.#pipeline();
    for (const { run, checkpoint } of batch)
      pipeline.save(saveArguments(this.store.keys, run, checkpoint, 'save'));
    for (const [command, ...args] of waits) pipeline.commands.call(command, ...args);
    const answers = (await pipeline.commands.exec()) ?? [];
    const waited = answers.slice(batch.length);
    const broken = waited.find(([error]) => error)?.[0];
    const unconfirmed =
      broken ??
      inVain(
        waits,
        waited.map(([, answer]) => answer),
        this.timeoutMs,
      );
    if (unconfirmed) this.#known = null;
    for (const [i, { run, resolve, reject }] of batch.entries()) {
      const [error, answer] = answers[i] ?? [new Error('Redis gave no answer')];
      if (error ?? unconfirmed) reject(error ?? unconfirmed);
      else settle(() => readSaved(run, answer as (string | number)[]), resolve, reject);
    }
  }

  #pipeline() {
    const name = saveScript.definedOn(this.#redis);
    const commands = this.#redis.pipeline();
    const scripts = commands as unknown as Record<string, (...args: (string | number)[]) => unknown>;
    return { commands, save: (args: (string | number)[]) => scripts[name]!(...args) };
  }

  /** Asked beside a key of the queues, so that in a Cluster the node answers that has them. */
  async #assurances(): Promise<Assurances> {
    if (this.#known && performance.now() - this.#known.at < KNOWN_FOR_MS) return this.#known.assurances;
    const [, info, fsync] =
      (await this.#redis
        .pipeline()
        .exists(this.store.keys.live('any'))
        .info()
        .config('GET', 'appendfsync')
        .exec()) ?? [];
    if (info?.[0]) throw info[0];
    const assurances = assurancesOf(String(info?.[1]), (fsync?.[1] as string[] | undefined)?.[1]);
    this.#known = { assurances, at: performance.now() };
    return assurances;
  }
}

function settle<Value>(
  read: () => Value,
  resolve: (value: Value) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(read());
  } catch (error) {
    reject(error);
  }
}
