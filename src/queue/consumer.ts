import { type Job, WaitingError, Worker } from 'bullmq';
import type { StepRuns } from '../model/kept-workflow.js';
import type { PartOf } from '../model/workflow.js';
import { renewLocks } from '../store/locks.js';
import { connect, type Redis, type Store } from '../store/redis.js';
import { ClaimsNow } from './claims-now.js';
import { type Kept, keep, type QueueRetention } from './keep.js';
import { ownOptionsOf } from './own-options.js';
import { runIdOf } from './run-id.js';
import { type Settlement, settle } from './settle.js';
import { taskReleaseOf } from './task-runs.js';

export type { Settlement };

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
  /** The instant that a schedule fired for, ISO 8601 in UTC. */
  scheduledFor: string | null;
  /** Given with the request; `null`: what its job says of its payload. */
  concurrencyKey: string | null;
  /** The release that it has to run on, whatever the others run on: it is part of a window. */
  taskRelease: string | null;
  /** 0: none. */
  priority: number;
  /** Which part of which workflow run it is. */
  part: PartOf | null;
  /** As the step of a workflow says; `null`: as the job does. */
  timeoutMs: number | null;
  backoff: StepRuns['backoff'];
}

export interface ConsumerOptions {
  lockMs: number;
  maxClaims: number;
  /** Called for each claim; the claim is held, and its lock must be renewed, until the promise settles. */
  onClaim(run: ClaimedRun): Promise<Settlement>;
  /** The queue has recorded the end. */
  onEnded(run: ClaimedRun, kept: Kept): void;
  /** How long ended runs of a job are kept. */
  retention(job: string): QueueRetention;
  /** The queue has recorded that it ended, or waits for its next attempt. */
  onLeft(run: ClaimedRun, ended: boolean): void;
  /** The queue has put it aside. */
  onAside(run: { queue: string; jobId: string }): void;
  onError(error: Error): void;
}

/** Room for a claim besides those that are under way. */
export interface ClaimPlace {
  /** What is sent by this comes before the claim. */
  redis: Redis;
  /**
   * Claims what comes next, now: the queue library's own loop would hear of it later, and ask once more before it begins. Where there is nothing, whoever waits for this queue
   * is called.
   */
  claim(): void;
}

export interface Consumer {
  readonly queue: string;
  setMaxClaims(max: number): void;
  /** For whoever is about to put a run into the queue; `null`: there is no room for a claim. */
  place(): ClaimPlace | null;
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
/** The queue library has no say in how a run ends. One for all: what costs is its stack. */
const MOVED = new WaitingError();

/**
 * Claims the runs of one queue. It is BullMQ's own `Worker` with a processor that only waits: the lock renewal is ours, because a host must know
 * to the millisecond until when it may let runs compute.
 */
export function createConsumer(store: Store, queue: string, options: ConsumerOptions): Consumer {
  const client = connect(store.options);
  let closed = false;
  /** Locks that are ours, by job ID: from the claim until the end stands in Redis, not merely until it is decided. */
  const tokens = new Map<string, string>();
  const hold = async (job: Job, token: string) => {
    tokens.set(job.id!, token);
    const claimed = claimedRun(queue, job, token);
    const settlement = await options.onClaim(claimed);
    const ours = () => !closed && tokens.get(job.id!) === token;
    const ended = settlement.kind === 'completed' || settlement.kind === 'ended';
    const as = settlement.kind === 'completed' ? 'completed' : 'failed';
    const kept = ended && keep(job, as, options.retention(job.name));
    const recorded = await settle(job, token, settlement, ours, options.onError);
    forget(job.id!, token);
    if (kept && recorded) options.onEnded(claimed, kept);
    if ((ended || settlement.kind === 'retry') && recorded) options.onLeft(claimed, ended);
    if (settlement.kind === 'aside' && recorded) options.onAside({ queue, jobId: job.id! });
  };
  const worker = new Worker(
    queue,
    async (job: Job, token?: string) => {
      await hold(job, token!);
      throw MOVED;
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
  worker.on('error', options.onError);
  const now = new ClaimsNow({
    worker,
    most: options.maxClaims,
    held: () => tokens.size,
    hold,
    call: () => client.zadd(`${store.keys.queue(queue)}marker`, 0, '0'),
    onError: options.onError,
  });

  return {
    queue,
    setMaxClaims: max => now.setMost(max),
    place: () => (now.hasRoom ? { redis: client, claim: () => void now.claim() } : null),
    async renew() {
      const held = [...tokens];
      const lost = await renewLocks({ ...store, redis: client }, queue, held, options.lockMs);
      const before = new Map(held);
      for (const jobId of lost) forget(jobId, before.get(jobId)!);
      return lost;
    },
    async stopClaiming() {
      await Promise.all([now.stop(), worker.pause(true)]);
    },
    settled: () =>
      new Promise(resolve => {
        if (tokens.size === 0) resolve();
        else onSettled.push(resolve);
      }),
    async close() {
      closed = true;
      void now.stop();
      await worker.close(true);
      client.disconnect();
    },
  };
}

function claimedRun(queue: string, job: Job, token: string): ClaimedRun {
  const { attempts, priority } = job.opts;
  const own = ownOptionsOf(job.opts);
  const { part = null, timeoutMs = null, backoff = null, scheduledFor = null, concurrencyKey = null } = own;
  return {
    queue,
    jobId: job.id!,
    runId: runIdOf(queue, job.id!),
    job: job.name,
    payload: JSON.stringify(job.data ?? null),
    token,
    attempts: attempts || null,
    scheduledFor,
    concurrencyKey,
    taskRelease: taskReleaseOf(job),
    priority: priority || 0,
    part,
    timeoutMs,
    backoff,
  };
}
