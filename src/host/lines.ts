import { limitsOf } from '../model/limits.js';
import type { JobManifest } from '../model/release.js';
import type { Store } from '../store/redis.js';
import { callLine, jobsInLine } from '../store/seats.js';

/** Of which jobs runs are in line: whoever ends there calls the next, also where the release that runs has no limit any more for his job. */
export class Lines {
  /** As of the last look, by queue. */
  readonly #jobs = new Map<string, ReadonlySet<string>>();

  constructor(private readonly store: Store) {}

  has(queue: string, job: string): boolean {
    return this.#jobs.get(queue)?.has(job) ?? false;
  }

  /** Finds seats of runs that are gone, and calls whoever can be called. @param jobs of the release that runs. */
  async look(queue: string, jobs: ReadonlyMap<string, JobManifest>): Promise<void> {
    const inLine = await jobsInLine(this.store, queue);
    this.#jobs.set(queue, new Set(inLine));
    for (const job of inLine) await callLine(this.store, { queue, job, limits: limitsOf(jobs.get(job)) });
  }
}
