import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { RunError } from '../model/run.js';
import { connect, type Store } from '../store/redis.js';
import { runIdOf } from './run-id.js';

/** A claimed run: locked for this host by `token` until it is settled. */
export interface ClaimedRun {
  queue: string;
  jobId: string;
  runId: string;
  job: string;
  /** JSON text. */
  payload: string;
  token: string;
  /** As the producer asked; `null`: as the job says. */
  attempts: number | null;
  scheduledFor: string | null;
}

/** What becomes of a claim. `lost`: another one owns the run now; nothing is written. `give-back`: to the head of its queue, no attempt spent. */
export type Settlement =
  | { kind: 'completed'; result: unknown }
  | { kind: 'ended'; error: RunError }
  | { kind: 'retry'; delayMs: number }
  | { kind: 'give-back' }
  | { kind: 'lost' };

export interface ConsumerOptions {
  lockMs: number;
  maxClaims: number;
  /** Called for each claim; the claim is held, and its lock must be renewed, until the promise settles. */
  onClaim(run: ClaimedRun): Promise<Settlement>;
  /** The queue has recorded the end. */
  onEnded(run: { queue: string; jobId: string }): void;
  onError(error: Error): void;
}

export interface Consumer {
  readonly queue: string;
  setMaxClaims(max: number): void;
  /** Renews the lock of every claim that the queue has not yet recorded as ended. @returns the job IDs whose lock is no longer ours. */
  renew(): Promise<string[]>;
  /** No further claims; those held stay. */
  stopClaiming(): Promise<void>;
  /** Resolves when no claim is held and the queue knows the end of each. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** No run ends because its hosts crashed too often: crashes are counted by Slackwater, per run and with their cause. */
const NEVER = 1_000_000_000;

/**
 * Claims the runs of one queue. It is BullMQ's own `Worker` with a processor that only waits: the lock renewal is ours, because a host must know
 * to the millisecond until when it may let runs compute.
 */
export function createConsumer(store: Store, queue: string, options: ConsumerOptions): Consumer {
  const client = connect(store.options);
  /** Locks that are ours, by job ID: from the claim until the end stands in Redis, not merely until it is decided. */
  const tokens = new Map<string, string>();
  const worker = new Worker(
    queue,
    async (job: Job, token?: string) => {
      tokens.set(job.id!, token!);
      const settlement = await options.onClaim(claimedRun(queue, job, token!));
      if (settlement.kind === 'completed' || settlement.kind === 'ended') return outcome(settlement);
      await moveBack(job, token!, settlement).finally(() => forget(job.id!, token!));
    },
    {
      connection: client,
      prefix: store.keys.queuePrefix,
      concurrency: options.maxClaims,
      lockDuration: options.lockMs,
      skipLockRenewal: true,
      stalledInterval: Math.max(500, Math.floor(options.lockMs / 10)),
      maxStalledCount: NEVER,
      runRetryDelay: 500,
      drainDelay: 5,
    },
  );
  const onSettled: (() => void)[] = [];
  const forget = (jobId: string, token: string) => {
    if (tokens.get(jobId) !== token) return;
    tokens.delete(jobId);
    if (tokens.size > 0) return;
    for (const settled of onSettled.splice(0)) settled();
  };
  const ended = (job?: Job) => {
    if (!job?.finishedOn) return;
    forget(job.id!, job.token!);
    options.onEnded({ queue, jobId: job.id! });
  };
  worker.on('completed', ended);
  worker.on('failed', ended);
  worker.on('error', options.onError);

  return {
    queue,
    setMaxClaims(max) {
      worker.concurrency = max;
    },
    async renew() {
      const held = [...tokens];
      if (held.length === 0) return [];
      const lost = await worker.extendJobLocks(
        held.map(([jobId]) => jobId),
        held.map(([, token]) => token),
        options.lockMs,
      );
      const before = new Map(held);
      for (const jobId of lost) forget(jobId, before.get(jobId)!);
      return lost;
    },
    stopClaiming: () => worker.pause(true),
    settled: () =>
      new Promise(resolve => {
        if (tokens.size === 0) resolve();
        else onSettled.push(resolve);
      }),
    async close() {
      await worker.close(true);
      client.disconnect();
    },
  };
}

function claimedRun(queue: string, job: Job, token: string): ClaimedRun {
  const attempts = job.opts.attempts;
  return {
    queue,
    jobId: job.id!,
    runId: runIdOf(queue, job.id!),
    job: job.name,
    payload: JSON.stringify(job.data ?? null),
    token,
    attempts: attempts && attempts > 1 ? attempts : null,
    scheduledFor: null,
  };
}

/** The end of a run in the queue library's own language: a return value, or an error that is never retried. */
function outcome(settlement: Extract<Settlement, { kind: 'completed' | 'ended' }>): unknown {
  if (settlement.kind === 'completed') return settlement.result;
  const error = new UnrecoverableError(settlement.error.message);
  error.stack = settlement.error.stack;
  throw error;
}

/** Moves a claim that has not ended, and always throws what tells the queue library that it was moved. */
async function moveBack(
  job: Job,
  token: string,
  settlement: Exclude<Settlement, { kind: 'completed' | 'ended' }>,
): Promise<never> {
  if (settlement.kind === 'retry' && settlement.delayMs > 0) {
    await job.moveToDelayed(Date.now() + settlement.delayMs, token);
    throw new DelayedError();
  }
  // A lost claim has been moved by its new owner; for the queue library that is all the same.
  if (settlement.kind !== 'lost') await job.moveToWait(token);
  throw new WaitingError();
}
