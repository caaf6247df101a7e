import { Queue } from 'bullmq';
import type { Store } from '../store/redis.js';

/** One BullMQ `Queue` a name, made when first needed: making one already writes the queue's `meta`, so reading never goes through here. */
export interface Queues {
  get(name: string): Queue;
  close(): Promise<void>;
}

export function createQueues(store: Store): Queues {
  const open = new Map<string, Queue>();
  // Every queue listens to the shared connection.
  store.redis.setMaxListeners(0);
  return {
    get(name) {
      let queue = open.get(name);
      if (!queue) {
        queue = new Queue(name, {
          connection: store.redis as never,
          prefix: store.keys.queuePrefix,
        });
        // Failures reach the caller of each operation; without a listener BullMQ would throw them into the process as well.
        queue.on('error', () => {});
        open.set(name, queue);
      }
      return queue;
    },
    async close() {
      const all = [...open.values()];
      open.clear();
      await Promise.all(all.map(queue => queue.close()));
    },
  };
}
