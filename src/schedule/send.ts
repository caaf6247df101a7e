import type { UnsentFire } from '../model/schedule.js';
import type { EnqueueContext } from '../queue/enqueue.js';
import { enqueueFires } from '../queue/enqueue-fires.js';
import type { Queues } from '../queue/queues.js';
import type { Store } from '../store/redis.js';
import { strikeOff } from '../store/schedules/unsent-fires.js';

/** Strikes off so many in one command. */
const AT_ONCE = 250;

/**
 * Enqueues the runs of fires that are recorded as running, each under the ID of its fire, and strikes them off the list. What fails stays on it, and the other queues go on.
 * @returns those that are in their queue, and what the first queue answered that took none.
 */
export async function sendFires(
  store: Store,
  queues: Queues,
  fires: UnsentFire[],
  retention: EnqueueContext['retention'],
): Promise<{ sent: UnsentFire[]; error: unknown }> {
  const byQueue = new Map<string, UnsentFire[]>();
  for (const fire of fires) {
    const own = byQueue.get(fire.queue);
    if (own) own.push(fire);
    else byQueue.set(fire.queue, [fire]);
  }
  const results = await Promise.allSettled(
    [...byQueue].map(async ([queue, own]) => {
      await enqueueFires(queues, queue, own, retention);
      for (let i = 0; i < own.length; i += AT_ONCE) await strikeOff(store, own.slice(i, i + AT_ONCE));
      return own;
    }),
  );
  return {
    sent: results.flatMap(result => (result.status === 'fulfilled' ? result.value : [])),
    error: results.find(result => result.status === 'rejected')?.reason,
  };
}
