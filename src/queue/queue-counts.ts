import type { Store } from '../store/redis.js';
import { countInLine } from '../store/seats.js';

export interface QueueCounts {
  paused: boolean;
  /**
   * `waiting`: workflow runs that have begun; `inLine`: runs that wait for a limit of their job. The jobs of both stand among the delayed, where they are not
   * counted. `failed`: all that ended without a result, the parked and the cancelled too; which is which stands with each run.
   */
  counts: Record<
    'active' | 'wait' | 'prioritized' | 'inLine' | 'delayed' | 'waiting' | 'failed' | 'completed',
    number
  >;
}

/** How many runs stand where in a queue, and whether its intake is paused. Takes as long for a million as for one. */
export async function queueCounts(store: Store, queue: string): Promise<QueueCounts> {
  const { redis, keys } = store;
  const key = (part: string) => keys.job(queue, part);
  const [paused, active, wait, prioritized, inLine, delayed, waiting, failed, completed] = await Promise.all([
    redis.hexists(key('meta'), 'paused'),
    redis.llen(key('active')),
    redis.llen(key('wait')),
    redis.zcard(key('prioritized')),
    countInLine(store, queue),
    redis.zcard(key('delayed')),
    redis.scard(keys.liveWorkflows(queue)),
    redis.zcard(key('failed')),
    redis.zcard(key('completed')),
  ]);
  // For a moment one that begins or ends stands elsewhere.
  const others = Math.max(0, delayed - waiting - inLine);
  const counts = { active, wait, prioritized, inLine, delayed: others, waiting, failed, completed };
  return { paused: paused === 1, counts };
}
