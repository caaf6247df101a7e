import { Queue, Worker } from 'bullmq';
import { createQueues, type Queues } from '../../src/queue/queues.js';
import { connect, type Store } from '../../src/store/redis.js';
import { onEnd } from './lifetime.js';
import { type TestStore, useStore } from './store.js';

/** The queues of a store, closed when the test (or the file) ends. */
export function useQueues(store: Store): Queues {
  const queues = createQueues(store);
  onEnd(() => queues.close());
  return queues;
}

export interface TestQueue {
  store: TestStore;
  queue: Queue;
  /** Claims only what the test has it claim. */
  worker: Worker;
  /** Before the end of the test. */
  close(): Promise<void>;
}

/** A queue in a store of its own, as BullMQ has it. @param url of another Redis. */
export function useQueue(name: string, url?: string): TestQueue {
  const store = useStore(url);
  const connection = connect(store.options);
  const options = { connection: connection as never, prefix: store.keys.queuePrefix };
  const queue = new Queue(name, options);
  const worker = new Worker(name, null, { ...options, lockDuration: 60_000 });
  const close = once(async () => {
    await worker.close(true);
    await queue.close();
    connection.disconnect();
  });
  onEnd(close);
  return { store, queue, worker, close };
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= act());
}
