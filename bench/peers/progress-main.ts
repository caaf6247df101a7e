import { type Job, Queue, QueueEvents, Worker } from 'bullmq';
import { connect } from '../../src/store/redis.js';
import { counterState, loop } from '../work/loop.js';

/** The same loop as a BullMQ job that reports its state with `job.updateProgress` at each step. */
export interface ProgressOptions {
  redisUrl: string;
  prefix: string;
  steps: number;
  us: number;
  bytes: number;
}

const { redisUrl, prefix, steps, us, bytes } = JSON.parse(process.argv[2]!) as ProgressOptions;
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));

const connection = () => connect({ url: redisUrl });
const queue = new Queue('progress', { connection: connection(), prefix });
const events = new QueueEvents('progress', { connection: connection(), prefix });
const worker = new Worker('progress', work, { connection: connection(), prefix });
queue.on('error', () => {});
events.on('error', () => {});
worker.on('error', () => {});

async function work(job: Job): Promise<{ ms: number }> {
  const state = counterState(bytes);
  return loop(state, {
    steps,
    us,
    offer: state => job.updateProgress(state as object as Record<string, unknown>),
  });
}

await events.waitUntilReady();
const job = await queue.add('loop', {}, { removeOnComplete: false });
const { ms } = (await job.waitUntilFinished(events, 120_000)) as { ms: number };
const { progress } = (await queue.getJob(job.id!))!;
process.send!({ t: 'done', ms, step: (progress as { step: number }).step });
await worker.close();
await events.close();
await queue.obliterate({ force: true });
process.exit(0);
