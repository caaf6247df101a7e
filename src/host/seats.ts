import { isLimited, keyOf, limitsOf } from '../model/limits.js';
import type { JobManifest } from '../model/release.js';
import type { ClaimedRun } from '../queue/consumer.js';
import type { Store } from '../store/redis.js';
import { leaveSeat, takeSeat } from '../store/seats.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import type { HeldRun } from './held-run.js';
import type { HeldRuns } from './held-runs.js';
import type { Lines } from './lines.js';
import type { Patience } from './patience.js';
import type { Pool } from './pool.js';

export interface SeatsOptions {
  store: Store;
  held: HeldRuns;
  patience: Patience;
  trouble: TroubleWatch;
  lines: Lines;
  /** So much waiting counts as one step of priority, ms; 0: none does. */
  agingMs: number;
  /** ms, clock of Redis. */
  now(): number;
  leaving(): boolean;
  /** The claim is another's. */
  lose(run: HeldRun): void;
}

/** How the limits of jobs are kept, over all hosts: a run takes its seat before it starts, and leaves it when it is over. */
export class Seats {
  constructor(private readonly options: SeatsOptions) {}

  /**
   * @param job as the release says on which it is to start.
   * @returns whether it may start; if not, it has left this host, or has to wait here until `notBefore`.
   * @throws what the store throws.
   */
  async take(run: HeldRun, job: JobManifest | undefined): Promise<boolean> {
    const { claimed } = run;
    if (run.seated || claimed.taskRelease !== null) return true;
    const key = keyOf(job, claimed.concurrencyKey, claimed.payload);
    if (!isLimited(job, key)) return true;
    const { store, held, patience, leaving, agingMs, now, lose } = this.options;
    const { queue, jobId, token } = claimed;
    const limits = limitsOf(job);
    const asking = { queue, job: run.job, jobId, token, key, limits, agingMs };
    const seat = await patience.until(
      // It has started under this claim: nothing may keep it from going on.
      () => takeSeat(store, { ...asking, goesOn: run.fence > 0 }),
      () => !run.lost && !leaving(),
    );
    if (seat.kind === 'ok') run.seated = true;
    else if (seat.kind === 'early') run.notBefore = now() + seat.ms;
    else if (seat.kind === 'waits') held.settle(run, { kind: 'moved' });
    else lose(run);
    return run.seated && !run.lost;
  }

  /**
   * So many runs of this job compute here that a further one is sure to find no seat: it need not wait for a worker with room to be put in line, in the way of
   * the other jobs of its queue.
   */
  isFull(run: HeldRun, pool: Pool): boolean {
    const most = pool.jobs.get(run.job)?.limit?.concurrency;
    if (most === undefined || run.seated || run.fence > 0 || run.claimed.taskRelease !== null) return false;
    return pool.slots.reduce((sum, slot) => sum + slot.countOf(run.job), 0) >= most;
  }

  /** The queue has recorded that a run ended (also one that never started), or waits for its next attempt. */
  async left(claimed: ClaimedRun, job: JobManifest | undefined, ended: boolean): Promise<void> {
    const { queue, jobId } = claimed;
    const { store, trouble, lines } = this.options;
    const mayHave =
      job?.limit ||
      job?.concurrencyKey ||
      claimed.concurrencyKey !== null ||
      // It may have taken its seat under a release that had a limit.
      lines.has(queue, claimed.job);
    if (!mayHave || claimed.taskRelease !== null) return;
    await leaveSeat(store, { queue, jobId, job: claimed.job, limits: limitsOf(job), ended }).catch(error =>
      trouble.failed(error, 'a seat could not be freed; the next look finds it', { run: claimed.runId }),
    );
  }
}
