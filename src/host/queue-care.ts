import type { JobManifest } from '../model/release.js';
import type { WorkflowManifest } from '../model/workflow.js';
import type { Logger } from '../platform/logger.js';
import type { Queues } from '../queue/queues.js';
import { goOnWithJob } from '../queue/without-job.js';
import { agePriorities, removeExpired } from '../store/queue-care.js';
import type { Store } from '../store/redis.js';
import type { Lines } from './lines.js';

export interface QueueCareOptions {
  store: Store;
  queues: Queues;
  lines: Lines;
  /** 0: no run rises. */
  agingMs: number;
  /** How long failed runs are kept. */
  failedMs: number;
  log: Logger;
}

/** A queue that is consumed here, and what of the release that runs says what it may run. */
export interface ServedQueue {
  queue: string;
  release: {
    release: string;
    jobs: ReadonlyMap<string, JobManifest>;
    workflows: ReadonlyMap<string, WorkflowManifest>;
  } | null;
}

/**
 * What every host does once a second for the queues that it consumes: whoever can be called is called, who waited long rises, who was parked for a job that is there now goes on, what is over
 * goes. Each act has a bound, and does no harm if others do it at the same time.
 */
export class QueueCare {
  /** How far each queue has been looked through for runs without their job. */
  readonly #cursors = new Map<string, string>();

  constructor(private readonly options: QueueCareOptions) {}

  async look(served: ServedQueue[]): Promise<void> {
    const { store, lines, agingMs, failedMs } = this.options;
    await Promise.all(
      served.flatMap(({ queue, release }) => [
        // Without a release nothing is known of limits.
        release && lines.look(queue, release.jobs),
        release && this.#goOn(queue, release),
        agingMs > 0 && agePriorities(store, queue, agingMs),
        removeExpired(store, queue, failedMs),
      ]),
    );
  }

  async #goOn(
    queue: string,
    { release, jobs: known, workflows }: NonNullable<ServedQueue['release']>,
  ): Promise<void> {
    const { store, queues, log } = this.options;
    const has = (job: string) => known.has(job) || workflows.has(job);
    const from = this.#cursors.get(queue) ?? '0';
    const { cursor, jobs } = await goOnWithJob(store, queues, queue, has, from);
    this.#cursors.set(queue, cursor);
    for (const [job, runs] of jobs)
      log.info(
        { queue },
        `${runs} ${runs === 1 ? 'run' : 'runs'} of job ${job} that ${runs === 1 ? 'was' : 'were'} parked without it ${runs === 1 ? 'goes' : 'go'} on: release ${release} has it`,
      );
  }
}
