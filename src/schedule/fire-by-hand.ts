import type { Fire } from '../model/schedule.js';
import type { EnqueueContext } from '../queue/enqueue.js';
import type { Queues } from '../queue/queues.js';
import type { Store } from '../store/redis.js';
import { recordByHand } from '../store/schedules/record-fires.js';
import { findSchedule } from '../store/schedules/schedules.js';
import { sendFires } from './send.js';

/**
 * Fires a schedule now, whatever else it does, also while it rests: a person asked for it. Recorded first, and with that it is certain: where this process dies before it has sent the
 * run, or its queue takes nothing now, the holder of the lease sends it.
 * @throws SlackwaterError as `findSchedule`
 */
export async function fireByHand(
  store: Store,
  queues: Queues,
  of: { name: string; app?: string | undefined },
  { by, retention }: { by: string; retention: EnqueueContext['retention'] },
): Promise<Fire> {
  const schedule = await findSchedule(store, of.name, of.app);
  const { fire, unsent } = await recordByHand(store, schedule.app, schedule, { by });
  await sendFires(store, queues, [unsent], retention);
  return fire;
}
