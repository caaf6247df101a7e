import type { ToWorker } from '../model/messages.js';
import type { WorkerProcess } from './worker-process.js';

/** A worker that is empty now may get its next run in a moment, as each step of a chain is: its watchdog, whom every word wakes, hears only of what lasts. */
const EMPTY_FOR_MS = 100;

/** A worker process with the runs that compute in it. */
export class Slot<Run = unknown> {
  readonly runs = new Map<number, Run>();
  readonly #perJob = new Map<string, number>();
  #telling: NodeJS.Timeout | null = null;
  ready = false;
  /** Somebody here decided to end it: its death is no crash of its runs. */
  condemned = false;
  /** Until when (monotonic ns) its runs may compute. */
  deadline = 0n;

  constructor(
    readonly process: WorkerProcess,
    /** For one suspect run at a time: should the process die, there is no doubt who did it. */
    readonly isolated: boolean,
  ) {}

  countOf(job: string): number {
    return this.#perJob.get(job) ?? 0;
  }

  reserve(job: string): void {
    this.#perJob.set(job, this.countOf(job) + 1);
  }

  release(job: string): void {
    this.#perJob.set(job, this.countOf(job) - 1);
  }

  get reserved(): number {
    let total = 0;
    for (const count of this.#perJob.values()) total += count;
    return total;
  }

  send(message: ToWorker): void {
    this.process.send(message);
  }

  /** Its last run has left. Without runs there is no deadline. */
  vacated(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      if (this.runs.size === 0) this.process.setDeadline(0n);
    }, EMPTY_FOR_MS).unref();
  }

  /** Tells the watchdog until when runs may compute here; without runs there is no deadline. */
  grant(deadline: bigint): void {
    this.deadline = deadline;
    this.process.setDeadline(this.runs.size > 0 ? deadline : 0n);
  }

  kill(): void {
    this.condemned = true;
    this.process.kill();
  }
}
