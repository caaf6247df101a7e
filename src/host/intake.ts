import type { JobManifest } from '../model/release.js';
import { longestRetention, type Retention, retentionOf } from '../model/retention.js';
import { type ClaimedRun, type ClaimPlace, type Consumer, createConsumer } from '../queue/consumer.js';
import type { Kept, QueueRetention } from '../queue/keep.js';
import { isTaskQueue, taskQueueOf } from '../queue/task-runs.js';
import { appendEvent } from '../store/events.js';
import type { Store } from '../store/redis.js';
import { finishRun } from '../store/runs.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import { endWorkflow } from '../store/workflows/begin.js';
import type { Ending } from './held-runs.js';
import type { Pool } from './pool.js';
import type { ServedQueue } from './queue-care.js';
import type { RunControl } from './run-control.js';

export interface IntakeOptions {
  store: Store;
  lockMs: number;
  maxRuns: number;
  /** `null`: all queues. */
  only: string[] | null;
  retention: Retention;
  trouble: TroubleWatch;
}

/** Claims at once from a queue that no job of the present release uses. */
const FORMER_CLAIMS = 10;
/** … of workflow runs, which are claimed only to begin and to end … */
const WORKFLOW_CLAIMS = 10;
/** … and of the runs that are part of windows. */
const TASK_CLAIMS = 10;

/** The flow from queues to workers: one consumer for each queue of the apps served here. */
export class Intake {
  readonly #consumers = new Map<string, Consumer>();
  readonly #controls = new Map<string, RunControl>();
  /** Claims at once: those that there is a place for, and those that only wait for an announced window. */
  readonly #claims = new Map<string, { room: number; heldBack: number }>();
  #closed = false;

  constructor(private readonly options: IntakeOptions) {}

  consumers(): Consumer[] {
    return [...this.#consumers.values()];
  }

  /** The queues that are consumed here, but for those of windows, with the release that runs. */
  served(): ServedQueue[] {
    return [...this.#controls].map(([queue, control]) => ({ queue, release: control.pool }));
  }

  /**
   * The release of this pool runs now: its queues are consumed, and those that earlier releases of the app used, since runs may still wait in them.
   * (A run whose job is gone is parked, which says so; a queue of a release that was only pushed is not touched.)
   */
  async serve(app: string, pool: Pool, control: RunControl): Promise<void> {
    const { redis, keys } = this.options.store;
    const ofWorkflows = new Set([...pool.workflows.values()].map(({ queue }) => queue));
    const own = new Set([...[...pool.jobs.values()].map(job => job.queue), ...ofWorkflows]);
    for (const queue of own) {
      const room = pool.roomIn(queue) + (ofWorkflows.has(queue) ? WORKFLOW_CLAIMS : 0);
      this.#consume(queue, Math.max(1, room), control);
    }
    if (own.size > 0) await redis.sadd(keys.served(app), ...own);
    for (const queue of await redis.smembers(keys.served(app))) {
      if (!own.has(queue)) this.#consume(queue, FORMER_CLAIMS, control);
    }
  }

  /** The runs of a window's hooks and probes. */
  serveTasks(app: string, control: RunControl): void {
    const queue = taskQueueOf(app);
    if (!this.#closed && !this.#consumers.has(queue))
      this.#consumers.set(queue, this.#open(queue, TASK_CLAIMS, control));
  }

  #consume(queue: string, room: number, control: RunControl): void {
    const { only, maxRuns } = this.options;
    if (this.#closed || (only && !only.includes(queue))) return;
    this.#controls.set(queue, control);
    this.#claims.set(queue, { room, heldBack: this.#claims.get(queue)?.heldBack ?? 0 });
    if (this.#consumers.has(queue)) this.#setClaims(queue);
    else this.#consumers.set(queue, this.#open(queue, Math.min(maxRuns, room), control));
  }

  /** For whoever puts a run into this queue; `null`: it is not consumed here, or there is no room. */
  placeIn(queue: string): ClaimPlace | null {
    return this.#closed ? null : (this.#consumers.get(queue)?.place() ?? null);
  }

  /**
   * So many claims of this queue wait for an announced window and take nobody's place; `null`: there is none. Two more are let in: the queue library only looks at its
   * limit when a claim comes or goes, so there has to be room before the next one is found to have to wait.
   */
  heldBack(queue: string, claims: number | null): void {
    const known = this.#claims.get(queue);
    if (!known) return;
    known.heldBack = claims === null ? 0 : claims + 2;
    this.#setClaims(queue);
  }

  #setClaims(queue: string): void {
    const { room, heldBack } = this.#claims.get(queue)!;
    this.#consumers.get(queue)?.setMaxClaims(Math.min(this.options.maxRuns, room + heldBack));
  }

  #open(queue: string, maxClaims: number, control: RunControl): Consumer {
    const { store, lockMs, trouble } = this.options;
    return createConsumer(store, queue, {
      lockMs,
      maxClaims,
      onClaim: run => control.claimed(run),
      onAside: run => control.putAside(run),
      retention: this.#retentionIn(queue, control),
      onEnded: (run, kept) => {
        this.#tidy(control.app, run, kept, control.held.takeEnding(run.queue, run.jobId)).catch(error =>
          trouble.failed(error, 'a run that ended could not be tidied away; the next proof does it', {
            run: run.jobId,
          }),
        );
      },
      onLeft: (run, ended) => void control.left(run, ended),
      onError: error => trouble.failed(error, `queue ${queue} could not be asked for runs`),
    });
  }

  /** The end stands in the queue: what was kept to go on with may go, and whoever waits is told. */
  async #tidy(app: string, run: ClaimedRun, kept: Kept, ending: Ending | undefined): Promise<void> {
    const { store } = this.options;
    // Without an ending here the run ended while its answer was lost: keep what a person may want.
    const state = ending?.state ?? 'failed';
    await Promise.all([
      finishRun(store, run, {
        keepState: state !== 'completed',
        keepMs: kept.ms,
        sooner: kept.sooner,
        ofWindow: isTaskQueue(run.queue),
      }),
      ending?.workflow && endWorkflow(store, run, { keepMs: kept.ms, again: state !== 'completed' }),
      ending &&
        appendEvent(store, 'run.state', { run: ending.run, job: ending.job, queue: run.queue, app, state }),
    ]);
  }

  #retentionIn(queue: string, control: RunControl): (job: string) => QueueRetention {
    const standard = this.options.retention;
    let [known, longest]: [ReadonlyMap<string, JobManifest> | undefined, Retention] = [undefined, standard];
    return job => {
      const jobs = control.pool?.jobs;
      // A release may have a thousand jobs, and ends are many.
      if (jobs && jobs !== known) [known, longest] = [jobs, longestRetention(jobs.values(), queue, standard)];
      return { own: retentionOf(jobs?.get(job), standard), longest };
    };
  }

  async stopClaiming(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.consumers().map(consumer => consumer.stopClaiming()));
  }

  /** Resolves when every claim is settled and the queue knows; after `withinMs`, `insist` is called first. */
  async idle(withinMs: number, insist: () => void): Promise<void> {
    const timer = setTimeout(insist, withinMs);
    await Promise.all(this.consumers().map(consumer => consumer.settled()));
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    await Promise.all(this.consumers().map(consumer => consumer.close()));
    this.#consumers.clear();
  }
}
