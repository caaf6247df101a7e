import type { Logger } from '../platform/logger.js';
import { type Trouble, troubleOf } from '../store/trouble.js';

const FIRST_MS = 100;
const MOST_MS = 2_000;

/**
 * What a run has done is not lost because Redis takes nothing in for a while (memory full, disk full, a replica in the master's place): the
 * write is sent again until it is taken, or nobody wants it any more. Told once, not by each of thousands of runs.
 */
export class Patience {
  #told: Trouble['kind'] | null = null;

  constructor(private readonly log: Logger) {}

  /**
   * @param wanted asked before each further attempt.
   * @throws what the write throws, where that is no trouble of Redis or it is no longer wanted.
   */
  async until<Answer>(write: () => Promise<Answer>, wanted: () => boolean): Promise<Answer> {
    for (let wait = FIRST_MS; ; wait = Math.min(2 * wait, MOST_MS)) {
      try {
        const answer = await write();
        this.#over();
        return answer;
      } catch (error) {
        const trouble = troubleOf(error);
        if (!trouble || !wanted()) throw error;
        this.#tell(trouble);
      }
      await new Promise(resolve => setTimeout(resolve, wait).unref());
      if (!wanted()) throw new Error('nobody waits for this write any more');
    }
  }

  #tell({ kind, text }: Trouble): void {
    if (this.#told === kind) return;
    this.#told = kind;
    this.log.warn(`runs keep what they have and wait: ${text}`);
  }

  #over(): void {
    if (this.#told !== null) this.log.warn('Redis takes in what runs have again');
    this.#told = null;
  }
}
