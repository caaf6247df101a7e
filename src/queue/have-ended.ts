import type { Store } from '../store/redis.js';
import type { RunAddress } from '../store/run-requests.js';

/**
 * Whether these runs have ended, or are not there (any more): one round trip for all. One that waits and was cancelled has, too: it never begins.
 */
export async function haveEnded({ redis, keys }: Store, runs: RunAddress[]): Promise<boolean[]> {
  if (runs.length === 0) return [];
  const asked = redis.pipeline();
  for (const { queue, jobId } of runs) {
    asked.hmget(keys.job(queue, jobId), 'timestamp', 'finishedOn');
    asked.hmget(keys.run(queue, jobId), 'cancel', 'startedAt');
  }
  const answers = (await asked.exec()) ?? [];
  const fields = (i: number): (string | null)[] => {
    const [error, values] = answers[i] ?? [];
    if (error) throw error;
    return (values ?? []) as (string | null)[];
  };
  return runs.map((_, i) => {
    const [createdAt, finishedOn] = fields(2 * i);
    const [cancel, startedAt] = fields(2 * i + 1);
    return !createdAt || Boolean(finishedOn) || (cancel === '1' && !startedAt);
  });
}
