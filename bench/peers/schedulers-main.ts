import { type Job, Worker } from 'bullmq';
import { connect } from '../../src/store/redis.js';
import { ledgerOf } from '../support/ledger.js';

/** A process with one BullMQ `Worker` whose jobs, those of job schedulers, do nothing. */
export interface SchedulersOptions {
  redisUrl: string;
  prefix: string;
  queue: string;
  concurrency: number;
  /** A folder in which each run notes that it was started; `null`: they do nothing at all. */
  ledger: string | null;
}

const options = JSON.parse(process.argv[2]!) as SchedulersOptions;
const { ledger } = options;
const work = ledger === null ? () => null : ({ id }: Job) => ledgerOf(ledger, options.queue).once(id!);
const worker = new Worker(options.queue, async job => work(job), {
  connection: connect({ url: options.redisUrl }),
  prefix: options.prefix,
  concurrency: options.concurrency,
});
worker.on('error', () => {});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => void worker.close().finally(() => process.exit(0)));
await worker.waitUntilReady();
process.send!({ t: 'ready' });
