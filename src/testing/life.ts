import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { JobDefinition } from '../author/job.js';
import { execute } from '../execution/execute.js';
import type { RunPort } from '../execution/port.js';
import type { Envelope, RunEnd } from '../model/run.js';
import { encodeState } from '../model/state-codec.js';
import { FakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import type { Plan, RunJobResult } from './options.js';
import { proveSwap } from './prove-swap.js';

/** More starts than any plan asks for: the job fails again and again although its checkpoint advances. */
const MOST_STARTS = 10_000;
const FOREVER = new Promise<never>(() => {});

/** The life of one run, through all its starts. */
export class Life {
  readonly #clock: FakeClock;
  readonly #store: MemoryStore;
  readonly #payload: string;
  #job: JobDefinition;
  #thrown: unknown;
  #starts = 0;
  #yields = 0;
  #crashes = 0;
  #checkpoints = 0;
  /** Failures since the checkpoint last advanced. */
  #failures = 0;

  constructor(
    job: JobDefinition,
    payload: unknown,
    readonly plan: Plan,
  ) {
    this.#job = job;
    this.#payload = JSON.stringify(payload ?? null);
    this.#clock = new FakeClock(new Date(plan.now ?? '2025-01-01T00:00:00Z').getTime());
    const version = plan.version ?? job.checkpoint?.version ?? null;
    const state = plan.state === undefined ? null : encodeState(plan.state);
    this.#store = new MemoryStore(state === null ? null : { state, version, cursors: null });
  }

  /** @throws what the job threw in its last attempt. */
  async live(): Promise<RunJobResult<unknown>> {
    for (;;) {
      const end = await this.#start();
      if (end === 'crashed') this.#crashes++;
      else if (end.kind === 'completed') return this.#account(end.result);
      else if (end.kind === 'yielded') {
        this.#yields++;
        if (end.checkpoint) this.#save(end.checkpoint);
      } else if (end.kind !== 'failed' || !this.#mayRetry(end.retry)) throw this.#failure(end);
      if (end === 'crashed' || end.kind === 'yielded') this.#swap();
    }
  }

  async #start(): Promise<RunEnd | 'crashed'> {
    if (++this.#starts > MOST_STARTS)
      throw new Error(`${MOST_STARTS} starts and no end: the job never gets further`);
    let crash!: () => void;
    const crashed = new Promise<'crashed'>(resolve => {
      crash = () => resolve('crashed');
    });
    let alive = true;
    const execution = execute(
      this.#watched(),
      this.#runStart(),
      this.#port(() => alive),
      {
        clock: this.#clock,
        draining: false,
        checkpointLimit: this.plan.checkpointLimit ?? 1024 * 1024,
        atCheckpoint: () => {
          if (!alive) return FOREVER;
          const n = ++this.#checkpoints;
          if (includes(this.plan.crashAt, n)) {
            alive = false;
            crash();
            return FOREVER;
          }
          if (includes(this.plan.yieldAt, n)) execution.drain(true);
          return undefined;
        },
      },
    );
    const end = await this.#untilEnd(Promise.race([execution.ended, crashed]));
    alive = false;
    this.#clock.clear();
    return end;
  }

  /** Lets time pass whenever the job waits for nothing else. */
  async #untilEnd<T>(ended: Promise<T>): Promise<T> {
    let over = false;
    const noted = ended.finally(() => {
      over = true;
    });
    while (!over) {
      for (let i = 0; i < 3 && !over; i++) await turn();
      if (!over && !this.#clock.jump()) await wait(1);
    }
    return noted;
  }

  #port(alive: () => boolean): RunPort {
    const store = this.#store;
    return {
      started() {},
      advanced() {},
      save: async checkpoint => {
        if (!alive()) return FOREVER;
        this.#save(checkpoint);
      },
      step: async (name, record) => {
        if (!alive()) return FOREVER;
        store.records[name] = record;
      },
      enqueue: async (id, job, payload, options) => {
        if (!alive()) return FOREVER;
        if (!store.enqueued.has(id))
          store.enqueued.set(id, { id, job, payload: JSON.parse(payload), options });
        return id;
      },
      progress: progress => alive() && store.progress.push(progress),
      log: line => alive() && store.logs.push(JSON.parse(line)),
    };
  }

  /** Keeps the author's own error, of which a run's end tells only name, message and stack. */
  #watched(): JobDefinition {
    const job = this.#job;
    this.#thrown = undefined;
    return {
      ...job,
      run: async (ctx, payload) => {
        try {
          return await job.run(ctx, payload);
        } catch (error) {
          this.#thrown = error;
          throw error;
        }
      },
    };
  }

  #runStart() {
    const { runId = 'run-test', release = 'test', scheduledFor = null } = this.plan;
    return {
      runId,
      job: this.#job.name,
      queue: this.#job.queue,
      attempt: this.#failures + 1,
      fence: this.#starts,
      release,
      scheduledFor,
      payload: this.#payload,
      checkpoint: this.#store.checkpoint,
      steps: { ...this.#store.records },
    };
  }

  #save(checkpoint: Envelope): void {
    if (!isDeepStrictEqual(checkpoint, this.#store.checkpoint)) this.#failures = 0;
    this.#store.save(checkpoint);
  }

  #mayRetry(retry: boolean): boolean {
    this.#failures++;
    if (!retry || this.#failures >= this.#job.attempts) return false;
    const { type, delayMs } = this.#job.backoff;
    this.#clock.advance(type === 'fixed' ? delayMs : delayMs * 2 ** (this.#failures - 1));
    return true;
  }

  #swap(): void {
    const swap = this.plan.swaps.find(({ at }) => at === undefined || at <= this.#checkpoints);
    if (!swap) return;
    this.plan.swaps.splice(this.plan.swaps.indexOf(swap), 1);
    proveSwap(this.#job, swap.job, this.#store.checkpoint);
    this.#job = swap.job;
  }

  #failure(end: Exclude<RunEnd, { kind: 'completed' | 'yielded' }>): Error {
    if (end.kind === 'cancelled') return new Error('the run was cancelled');
    const told = end.kind === 'parked' ? { name: 'Parked', message: end.parked.reason } : end.error;
    const own = this.#thrown instanceof Error && this.#thrown.message === told.message;
    const error = own ? (this.#thrown as Error) : Object.assign(new Error(told.message), told);
    const run = { ...this.#account(undefined), ...(end.kind === 'parked' && { parked: end.parked }) };
    Object.defineProperty(error, 'run', { value: run, configurable: true });
    return error;
  }

  #account(result: unknown): RunJobResult<unknown> {
    const { state, states, steps, enqueued, progress, logs } = this.#store;
    return {
      result,
      starts: this.#starts,
      yields: this.#yields,
      crashes: this.#crashes,
      checkpoints: this.#checkpoints,
      state,
      states,
      steps,
      enqueued: [...enqueued.values()],
      progress,
      logs,
    };
  }
}

const includes = (points: number[], n: number) => points.includes(n);
