import type { Retention } from '../model/retention.js';
import type { RunAddress } from '../model/run.js';
import type { PartOf, StepAnswer, StepQuestion } from '../model/workflow.js';
import type { Logger } from '../platform/logger.js';
import type { Queues } from '../queue/queues.js';
import { runIdOf } from '../queue/run-id.js';
import type { Store } from '../store/redis.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import type { Released } from '../store/workflows/settle.js';
import { Agenda } from '../workflow/agenda.js';
import { claimedWorkflow, type Standing } from '../workflow/claimed.js';
import { Foresight } from '../workflow/foresight.js';
import type { Claims, WorkflowPorts } from '../workflow/ports.js';
import type { RunningRelease } from '../workflow/running-release.js';
import type { HeldRun } from './held-run.js';
import type { Pool } from './pool.js';

/** About ten milliseconds of Redis' time. */
const AT_ONCE = 200;
const MOST_TOLD = 1_000;

/** Results that one step may read: host and worker hold all of them at once. */
const READ_BYTES = 64 * 1_024 * 1_024;

export interface WorkflowsOptions {
  app: string;
  store: Store;
  queues: Queues;
  retention: Retention;
  payloadBytes: number;
  claims: Claims;
  trouble: TroubleWatch;
  log: Logger;
  /** The workers of the release that runs; `null` while nothing may start. */
  running(): Pool | null;
  /** As what computes, this is waited for before other code runs. */
  recording<T>(work: Promise<T>): Promise<T>;
  /** Another release that may have to go on with what begins now. */
  beside(): NonNullable<RunningRelease['beside']> | null;
  /** One has begun, or begins again: its graph is what another release will have to go on with. */
  begun(run: RunAddress): void;
  /** Asks the code of a release. */
  evaluate(release: string, question: StepQuestion): Promise<StepAnswer>;
}

/** The workflow runs of one app, as far as this host moves them: none of them ever enters a worker. */
export class Workflows {
  readonly #agenda: Agenda;
  readonly #told = new Set<string>();
  readonly #foresight = new Foresight();
  readonly #ports: WorkflowPorts;

  constructor(private readonly options: WorkflowsOptions) {
    const { app, store, queues, retention, payloadBytes, claims, trouble, recording } = options;
    const release = () => {
      const pool = options.running();
      return pool && this.#release(pool);
    };
    const limits = { payloadBytes, readBytes: READ_BYTES, atOnce: AT_ONCE };
    const unfit: WorkflowPorts['unfit'] = (run, step, reason) => this.#tellUnfit(run, step, reason);
    const foresight = this.#foresight;
    this.#ports = { app, store, queues, retention, limits, claims, foresight, release, recording, unfit };
    this.#agenda = new Agenda({
      ports: this.#ports,
      onError: (error, { jobId }) =>
        trouble.failed(error, 'a workflow run could not be moved on; it is tried again', { run: jobId }),
    });
  }

  /** Once for each run, step and release: it is looked at again and again. */
  #tellUnfit({ queue, jobId }: RunAddress, step: string, reason: string): void {
    const run = runIdOf(queue, jobId);
    const key = `${run}/${step}/${this.options.running()?.release}`;
    if (this.#told.has(key)) return;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.add(key);
    this.options.log.warn(
      { app: this.options.app, run },
      `a workflow run waits before its step "${step}" for a release that can begin it: ${reason}`,
    );
  }

  #release({ release, jobs, workflows }: Pool): RunningRelease {
    const { evaluate, beside } = this.options;
    return { jobs, workflows, evaluate: question => evaluate(release, question), beside: beside() };
  }

  /** Takes what is due, now that something may be. */
  look(): void {
    this.#agenda.look().catch(error =>
      this.options.trouble.failed(error, 'it could not be looked up which workflow runs are due', {
        app: this.options.app,
      }),
    );
  }

  /** Something has happened to this one. @param released where that is all that there is to do. */
  move({ queue, jobId }: RunAddress, released: Released | null = null): void {
    this.#agenda.move({ queue, jobId }, released);
  }

  /** A run of a step has come to this, which is being recorded. */
  foresee(part: PartOf, result: unknown): void {
    const release = this.#ports.release();
    if (release) this.#foresight.ends(release, part, JSON.stringify(result ?? null));
  }

  /** What becomes of a claim that may stand for a workflow run. @throws FencedError; where it could not be found out now. */
  async claimed(run: HeldRun, pool: Pool, cancelled: boolean): Promise<Standing> {
    const { runId, job, payload, scheduledFor, priority } = run.claimed;
    const standIn = { right: run.right, runId, name: job, payload, scheduledFor, priority, cancelled };
    const standing = await claimedWorkflow(this.#ports, this.#release(pool), standIn);
    if (standing.kind === 'aside') this.options.begun(run.right);
    return standing;
  }

  stop(): Promise<void> {
    return this.#agenda.stop();
  }
}
