import type { Job, Worker } from 'bullmq';

export interface ClaimsNowOptions {
  worker: Worker;
  /** Claims in all. */
  most: number;
  /** Claims that are held, the queue library's among them. */
  held(): number;
  /** Holds a claim until it is settled and the queue knows of it. */
  hold(job: Job, token: string): Promise<void>;
  /** Calls whoever waits for the queue. */
  call(): Promise<unknown>;
  onError(error: Error): void;
}

/**
 * Claims beside those of the queue library's own loop, each at the word of somebody who has just put a run into the queue. They count against the same most: what is held here the loop has
 * less, and it always has one, since its next claim is under way while it waits.
 */
export class ClaimsNow {
  #most: number;
  /** Asked for, and held. */
  #own = 0;
  #asking = 0;
  #stopped = false;
  #last = 0;
  readonly #answers = new Set<Promise<unknown>>();

  constructor(private readonly options: ClaimsNowOptions) {
    this.#most = options.most;
  }

  setMost(most: number): void {
    this.#most = most;
    this.#tell();
  }

  get hasRoom(): boolean {
    return !this.#stopped && this.options.held() + this.#asking + 1 < this.#most;
  }

  async claim(): Promise<void> {
    const { worker, hold, onError } = this.options;
    if (!this.hasRoom) return this.#call();
    this.#own++;
    this.#tell();
    const token = `${worker.id}:now:${++this.#last}`;
    try {
      const job = await this.#ask(token);
      if (job) await hold(job, token);
      else await this.#call();
    } catch (error) {
      onError(error as Error);
      await this.#call();
    }
    // The loop looks at its limit only when one of its own claims ends.
    const waits = this.options.held() + 1 >= this.#most;
    this.#own--;
    this.#tell();
    if (waits) await this.#wake();
  }

  async #ask(token: string): Promise<Job | undefined> {
    this.#asking++;
    const answer = this.options.worker.getNextJob(token, { block: false });
    this.#answers.add(answer);
    try {
      return await answer;
    } finally {
      this.#asking--;
      this.#answers.delete(answer);
    }
  }

  async #call(): Promise<void> {
    if (!this.#stopped) await this.options.call().catch(this.options.onError);
  }

  get #mostOfLoop(): number {
    return Math.max(1, this.#most - this.#own);
  }

  #tell(): void {
    this.options.worker.concurrency = this.#mostOfLoop;
  }

  async #wake(): Promise<void> {
    if (this.#stopped) return;
    await this.options.worker.pause(true);
    if (!this.#stopped) await this.options.worker.resume();
  }

  /** Claims nothing more. Resolves when what was asked for has been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#answers);
  }
}
