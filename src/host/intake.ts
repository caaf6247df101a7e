import type { Logger } from '../platform/logger.js';
import { type Consumer, createConsumer } from '../queue/consumer.js';
import { appendEvent } from '../store/events.js';
import { isUnreachable, type Store } from '../store/redis.js';
import { finishRun } from '../store/runs.js';
import type { Ending } from './held-runs.js';
import type { Pool } from './pool.js';
import type { RunControl } from './run-control.js';

export interface IntakeOptions {
  store: Store;
  lockMs: number;
  maxRuns: number;
  /** `null`: all queues. */
  only: string[] | null;
  keepMs: { completed: number; failed: number };
  log: Logger;
}

/** The flow from queues to workers: one consumer for each queue that a running release uses, and for those that still have claims here. */
export class Intake {
  readonly #consumers = new Map<string, { consumer: Consumer; control: RunControl; app: string }>();

  constructor(private readonly options: IntakeOptions) {}

  consumers(): Consumer[] {
    return [...this.#consumers.values()].map(({ consumer }) => consumer);
  }

  /** The release of this pool runs now: its queues are consumed, and no others of the app once they are empty here. */
  serve(app: string, pool: Pool, control: RunControl): void {
    const { only, maxRuns } = this.options;
    const wanted = new Set(
      [...pool.jobs.values()].map(job => job.queue).filter(queue => !only || only.includes(queue)),
    );
    for (const queue of wanted) {
      const claims = Math.max(1, Math.min(maxRuns, pool.roomIn(queue)));
      const known = this.#consumers.get(queue);
      if (known) known.consumer.setMaxClaims(claims);
      else this.#consumers.set(queue, { app, control, consumer: this.#open(queue, claims, control) });
    }
    for (const [queue, entry] of this.#consumers) {
      if (entry.app === app && !wanted.has(queue)) void this.#retire(queue, entry);
    }
  }

  #open(queue: string, maxClaims: number, control: RunControl): Consumer {
    const { store, lockMs, log } = this.options;
    return createConsumer(store, queue, {
      lockMs,
      maxClaims,
      onClaim: run => control.claimed(run),
      onEnded: run => {
        this.#tidy(run, control.held.takeEnding(run.queue, run.jobId)).catch(error =>
          log.warn(
            { err: error, run: run.jobId },
            'a run that ended could not be tidied away; the next proof does it',
          ),
        );
      },
      // That Redis is away is told once, by the host, not by each attempt to reach it.
      onError: error => log[isUnreachable(error) ? 'debug' : 'warn']({ err: error, queue }, 'queue trouble'),
    });
  }

  /** The end stands in the queue: what was kept to go on with may go, and whoever waits is told. */
  async #tidy(run: { queue: string; jobId: string }, ending: Ending | undefined): Promise<void> {
    const { store, keepMs } = this.options;
    const state = ending?.state ?? 'completed';
    await Promise.all([
      finishRun(store, run, {
        keepState: state !== 'completed',
        parked: state === 'parked',
        keepMs: state === 'completed' ? keepMs.completed : keepMs.failed,
      }),
      ending &&
        appendEvent(store, 'run.state', { run: ending.run, job: ending.job, queue: run.queue, state }),
    ]);
  }

  async #retire(queue: string, { consumer }: { consumer: Consumer }): Promise<void> {
    await consumer.stopClaiming();
    await consumer.settled();
    this.#consumers.delete(queue);
    await consumer.close();
  }

  async stopClaiming(): Promise<void> {
    await Promise.all(this.consumers().map(consumer => consumer.stopClaiming()));
  }

  /** Resolves when every claim is settled and the queue knows; after `withinMs`, `insist` is called first. */
  async idle(withinMs: number, insist: () => void): Promise<void> {
    const timer = setTimeout(insist, withinMs);
    await Promise.all(this.consumers().map(consumer => consumer.settled()));
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    await Promise.all(this.consumers().map(consumer => consumer.close()));
    this.#consumers.clear();
  }
}
