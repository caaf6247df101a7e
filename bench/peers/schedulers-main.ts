import { Worker } from 'bullmq';
import { connect } from '../../src/store/redis.js';

/** A process with one BullMQ `Worker` whose jobs, those of job schedulers, do nothing. */
export interface SchedulersOptions {
  redisUrl: string;
  prefix: string;
  queue: string;
  concurrency: number;
}

const options = JSON.parse(process.argv[2]!) as SchedulersOptions;
const worker = new Worker(options.queue, async () => null, {
  connection: connect({ url: options.redisUrl }),
  prefix: options.prefix,
  concurrency: options.concurrency,
});
worker.on('error', () => {});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => void worker.close().finally(() => process.exit(0)));
await worker.waitUntilReady();
process.send!({ t: 'ready' });
