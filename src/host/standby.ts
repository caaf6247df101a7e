import type { Refusal } from '../model/intent.js';
import type { RunAddress } from '../model/run.js';
import { runIdOf } from '../queue/run-id.js';
import type { HeldRun } from './held-run.js';
import type { LocalRelease } from './local-release.js';
import type { Pool } from './pool.js';
import { type ProofSubject, Prover, type ProverOptions } from './prover.js';
import type { Spare, SpareWorkers } from './spare-workers.js';
import type { WorkerProcess } from './worker-process.js';

export interface StandbyOptions
  extends Omit<ProverOptions, 'next' | 'current' | 'nextJobs' | 'nextWorkflows'> {
  local: LocalRelease;
  pool: Pool;
  spares: SpareWorkers;
  onLoaded(): void;
  onProven(): void;
}

/**
 * The next release on this host: its workers loaded and idle beside those that run, and the proofs against it. Final states are proven as they arrive,
 * all those of one turn of the loop together.
 */
export class Standby {
  readonly release: string;
  readonly local: LocalRelease;
  readonly pool: Pool;
  readonly prover: Prover;
  state: 'loading' | 'ready' | 'broken' = 'loading';
  error: string | null = null;
  readonly refusals: Refusal[] = [];
  proving = 0;
  proven = 0;
  #current: Spare | null = null;
  #borrowing: Promise<Spare> | null = null;
  #over = false;
  #batch: ProofSubject[] = [];

  constructor(private readonly options: StandbyOptions) {
    this.pool = options.pool;
    this.release = options.pool.release;
    this.local = options.local;
    this.prover = new Prover({
      ...options,
      next: async () => (this.state === 'broken' ? null : ((await this.pool.whenReady())?.process ?? null)),
      current: () => this.#borrowCurrent(),
      nextJobs: options.pool.jobs,
      nextWorkflows: options.pool.workflows,
    });
    void this.#load();
  }

  async #load(): Promise<void> {
    const loaded = await this.pool.loaded;
    // States that change version must come down: have a worker of the present release ready for that before anything is stopped.
    if (loaded.ok && this.#changesVersion) await this.#borrowCurrent().catch(() => {});
    this.state = loaded.ok ? 'ready' : 'broken';
    if (!loaded.ok) this.error = loaded.error;
    this.options.onLoaded();
  }

  get #changesVersion(): boolean {
    return [...this.pool.jobs.values()].some(job => {
      const current = this.options.currentJobs.get(job.name);
      return current?.checkpointVersion != null && current.checkpointVersion !== job.checkpointVersion;
    });
  }

  /** A worker of the present release without runs; `null` before the first release. @throws where it cannot be loaded. */
  async #borrowCurrent(): Promise<WorkerProcess | null> {
    const { spares, currentRelease } = this.options;
    if (currentRelease === null || this.#over) return null;
    if (!this.#current?.process.alive) {
      this.#current?.free();
      this.#borrowing ??= spares.borrow(currentRelease).finally(() => {
        this.#borrowing = null;
      });
      this.#current = await this.#borrowing;
      if (this.#over) this.#current.free();
    }
    return this.#current.process;
  }

  /** A run has stopped: proves its final state, the one in hand or, after a crash or by force, the last one that was saved. */
  proveFinal(run: HeldRun): void {
    this.proving++;
    if (run.checkpoint !== undefined)
      return this.#add(run, run.checkpoint?.version ?? null, run.checkpoint?.state ?? null, run.release);
    const { redis, keys } = this.options.store;
    redis.hmget(keys.run(run.claimed.queue, run.claimed.jobId), 'version', 'state', 'stateRelease').then(
      ([version, state, writer]) =>
        this.#add(run, version ? Number(version) : null, state ?? null, writer ?? null),
      error => {
        this.#refuse(run.claimed, `its last state could not be read: ${(error as Error).message}`);
        this.proving--;
        this.options.onProven();
      },
    );
  }

  /** A workflow run has begun on the present release: its graph is what the next release will have to go on with. */
  async proveBegun(run: RunAddress): Promise<void> {
    this.proving++;
    try {
      await this.pool.loaded;
      this.refusals.push(...(await this.prover.workflows.prove([run])));
    } catch (error) {
      this.#refuse({ ...run, job: 'workflow' }, `could not be proven: ${(error as Error).message}`);
    }
    this.proving--;
    this.options.onProven();
  }

  #add(run: HeldRun, version: number | null, state: string | null, writer: string | null): void {
    const { queue, jobId, job } = run.claimed;
    if (this.#batch.push({ queue, jobId, job, version, state, writer }) === 1)
      setImmediate(() => void this.#proveBatch());
  }

  #refuse({ queue, jobId, job }: { queue: string; jobId: string; job: string }, message: string): void {
    this.refusals.push({
      run: runIdOf(queue, jobId),
      job,
      queue,
      from: null,
      to: null,
      direction: 'up',
      path: '',
      message,
    });
  }

  async #proveBatch(): Promise<void> {
    // A run may stop while the release is still being loaded.
    await this.pool.loaded;
    const batch = this.#batch;
    this.#batch = [];
    try {
      this.refusals.push(...(await this.prover.prove(batch)).refusals);
      this.proven += batch.length;
    } catch (error) {
      this.#refuse(batch[0]!, `could not be proven: ${(error as Error).message}`);
    }
    this.proving -= batch.length;
    this.options.onProven();
  }

  /** Ends what only the proof needed; the pool stays for who swaps to it. */
  endProofs(): void {
    this.#over = true;
    this.#current?.free();
  }

  async discard(): Promise<void> {
    this.endProofs();
    await this.pool.stop();
  }
}
