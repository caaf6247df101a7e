import { troubleOf } from '../store/trouble.js';
import type { TroubleWatch } from '../store/trouble-watch.js';

const FIRST_MS = 100;
const MOST_MS = 2_000;

/**
 * What a run has done is not lost because Redis takes nothing in for a while (memory full, disk full, a replica in the master's place): the
 * write is sent again until it is taken, or nobody wants it any more.
 */
export class Patience {
  constructor(private readonly trouble: TroubleWatch) {}

  /**
   * @param wanted asked before each further attempt.
   * @throws what the write throws, where that is no trouble of Redis or it is no longer wanted.
   */
  async until<Answer>(write: () => Promise<Answer>, wanted: () => boolean): Promise<Answer> {
    for (let wait = FIRST_MS; ; wait = Math.min(2 * wait, MOST_MS)) {
      let refusal: unknown;
      try {
        return await write();
      } catch (error) {
        if (!troubleOf(error) || !wanted()) throw error;
        this.trouble.failed(error, 'a write of a run is sent again until it is taken');
        refusal = error;
      }
      await new Promise(resolve => setTimeout(resolve, wait).unref());
      if (!wanted()) throw refusal;
    }
  }
}
