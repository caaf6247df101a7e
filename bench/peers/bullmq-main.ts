import { type Job, WaitingError, Worker } from 'bullmq';
import { Outbox } from '../../src/platform/outbox.js';
import { connect } from '../../src/store/redis.js';
import { monotonicMs } from '../support/clock.js';
import { ledgerOf } from '../support/ledger.js';
import { type StepState, walk } from '../work/steps.js';

/** A process with one BullMQ `Worker`, as a team writes it that saves its position with the job (`updateData`). */
export interface BullmqOptions {
  redisUrl: string;
  prefix: string;
  queue: string;
  concurrency: number;
  lockMs: number;
  stalledMs: number;
  saveEveryMs: number;
  dir: string;
  by: string;
  durable: boolean;
}

export interface StepJob {
  run: string;
  stepMs: number;
  /** Ends by itself after this long; left out: when the bench asks. */
  lastsMs?: number;
  state: StepState;
}

const options = JSON.parse(process.argv[2]!) as BullmqOptions;
const ledger = ledgerOf(options.dir, options.by, options.durable);
const entered = new Outbox<string>(runs => process.send!({ t: 'entered', runs }));
let givingBack = false;
let running = 0;
let told = false;

const worker = new Worker<StepJob>(options.queue, process_, {
  connection: connect({ url: options.redisUrl }),
  prefix: options.prefix,
  concurrency: options.concurrency,
  lockDuration: options.lockMs,
  stalledInterval: options.stalledMs,
  maxStalledCount: 1_000,
});
worker.on('error', () => {});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
process.on('message', message => void obey(message as { t: string }));

async function process_(job: Job<StepJob>, token?: string): Promise<unknown> {
  running++;
  if (running === options.concurrency && !told) {
    told = true;
    process.send!({ t: 'full' });
  }
  const { run, stepMs, lastsMs, state } = job.data;
  entered.push(run);
  const began = monotonicMs();
  let savedAt = began;
  let saving = false;
  try {
    const { step, sum } = await walk({
      ledger,
      run,
      attempt: job.attemptsMade + 1,
      state,
      stepMs,
      enough: () => lastsMs !== undefined && monotonicMs() - began >= lastsMs,
      async save(state) {
        if (givingBack) {
          await job.updateData({ ...job.data, state });
          await job.moveToWait(token);
          throw new WaitingError();
        }
        if (saving || monotonicMs() - savedAt < options.saveEveryMs) return;
        saving = true;
        savedAt = monotonicMs();
        // As the product does: the run goes on while its state is on the way, and at most one is.
        void job.updateData({ ...job.data, state: { ...state } }).finally(() => {
          saving = false;
        });
      },
    });
    return { step, sum };
  } finally {
    running--;
  }
}

async function obey({ t }: { t: string }): Promise<void> {
  if (t === 'give-back') {
    // First no further claims, or it would claim what it has just given back.
    await worker.pause(true);
    givingBack = true;
  }
  process.send!({ t: 'closing', pid: process.pid, at: monotonicMs() });
  await worker.close();
  process.exit(0);
}
