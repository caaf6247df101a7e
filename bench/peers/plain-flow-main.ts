import { FlowProducer, type Job, Queue, Worker } from 'bullmq';
import { connect } from '../../src/store/redis.js';
import { monotonicMs } from '../support/clock.js';

/**
 * A fan-out with its fan-in, or a chain, by BullMQ alone in one process, whose jobs do nothing. `plain`: `addBulk`, a worker, and who comes last adds what follows, as one
 * writes it who trusts that nothing goes wrong. `flow`: a tree of `FlowProducer`.
 *
 * A chain by `plain` is the least that one can write by hand: the job itself adds the next one, with what that is to be told, and then is done. So a step is two round trips to
 * Redis, one to add and one that ends the job and may claim the next with it, all in the process that computes; of `flow` it is the one that ends a job and lets its parent wait.
 */
export interface PlainFlowOptions {
  redisUrl: string;
  prefix: string;
  shape: 'fan' | 'chain';
  by: 'plain' | 'flow';
  runs: number;
  concurrency: number;
}

/** As many as BullMQ adds fastest. */
const AT_ONCE = 1_000;

const { redisUrl, prefix, shape, by, runs, concurrency } = JSON.parse(process.argv[2]!) as PlainFlowOptions;
process.once('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));

const options = { connection: connect({ url: redisUrl }), prefix };
const queue = new Queue('plain', options);
const flows = new FlowProducer(options);
const kept = { removeOnComplete: { age: 3_600 } };
let done = 0;
const results: number[] = [];
let ended: (value: unknown) => void;
const end = new Promise(resolve => {
  ended = resolve;
});

const worker = new Worker('plain', work, { connection: connect({ url: redisUrl }), prefix, concurrency });
queue.on('error', () => {});
flows.on('error', () => {});
worker.on('error', () => {});
await worker.waitUntilReady();
await queue.waitUntilReady();

const from = monotonicMs();
await begin();
const result = await end;
const ms = monotonicMs() - from;
await worker.close();
process.send!({ t: 'done', ms, result });
process.disconnect();

async function begin(): Promise<void> {
  if (shape === 'chain') {
    if (by === 'plain') return void (await queue.add('link', 0, kept));
    // The innermost comes first.
    type Link = { name: string; queueName: string; data: number; opts: typeof kept; children?: Link[] };
    let link: Link = { name: 'link', queueName: 'plain', data: 0, opts: kept };
    for (let i = 1; i < runs; i++)
      link = {
        name: i === runs - 1 ? 'last' : 'link',
        queueName: 'plain',
        data: i,
        opts: kept,
        children: [link],
      };
    return void (await flows.add(link));
  }
  const items = Array.from({ length: runs }, (_, i) => i);
  if (by === 'flow') {
    const children = items.map(data => ({ name: 'item', queueName: 'plain', data, opts: kept }));
    return void (await flows.add({ name: 'sum', queueName: 'plain', data: 0, opts: kept, children }));
  }
  for (let i = 0; i < runs; i += AT_ONCE)
    await queue.addBulk(items.slice(i, i + AT_ONCE).map(data => ({ name: 'item', data, opts: kept })));
}

async function work(job: Job<number>): Promise<number> {
  switch (job.name) {
    case 'link':
      if (by === 'plain' && job.data < runs - 1) await queue.add('link', job.data + 1, kept);
      if (by === 'plain' && job.data === runs - 1) ended(runs);
      return job.data;
    case 'last':
      ended(runs);
      return job.data;
    case 'item':
      results[job.data] = job.data;
      done++;
      if (by === 'plain' && done === runs) await queue.add('sum', 0, kept);
      return job.data;
    default: {
      const values = by === 'plain' ? results : Object.values(await job.getChildrenValues());
      ended(values.length);
      return values.length;
    }
  }
}
