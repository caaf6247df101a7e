import type { Retention } from '../model/retention.js';
import type { UnsentFire } from '../model/schedule.js';
import { optionsOf } from './enqueue.js';
import type { Queues } from './queues.js';

/** One transaction: Redis serves nobody else meanwhile, a few milliseconds. */
const AT_ONCE = 100;
/** A run of a fire is kept at least so long after its end, ms: whoever was stopped and sends it again only now finds it there. */
export const FIRE_KEPT_MS = 3_600_000;

/** Puts the runs of fires into a queue, in order. What is there already stays as it is. */
export async function enqueueFires(
  queues: Queues,
  queue: string,
  fires: UnsentFire[],
  retention: Retention,
): Promise<void> {
  const kept = {
    completedMs: Math.max(FIRE_KEPT_MS, retention.completedMs),
    failedMs: Math.max(FIRE_KEPT_MS, retention.failedMs),
  };
  for (let i = 0; i < fires.length; i += AT_ONCE)
    await queues.get(queue).addBulk(
      fires.slice(i, i + AT_ONCE).map(({ id, job, payload, scheduledFor }) => ({
        name: job,
        data: payload,
        opts: optionsOf(id, { payload, scheduledFor }, kept),
      })),
    );
}
