import type { Refusal } from '../model/intent.js';
import type { JobManifest } from '../model/release.js';
import { runIdOf } from '../queue/run-id.js';
import type { HeldRun } from './held-run.js';
import type { Pool } from './pool.js';
import { type ProofSubject, Prover, type ProverOptions } from './prover.js';
import type { WorkerProcess } from './worker-process.js';

/** A release on this machine, verified. */
export interface LocalRelease {
  release: string;
  entry: string;
  jobs: JobManifest[];
}

export interface StandbyOptions extends Omit<ProverOptions, 'next' | 'current'> {
  local: LocalRelease;
  pool: Pool;
  /** Forks a worker of the present release that gets no runs; `null` before the first release. */
  forkCurrent: (() => WorkerProcess) | null;
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
  #current: WorkerProcess | null = null;
  #batch: ProofSubject[] = [];

  constructor(private readonly options: StandbyOptions) {
    this.pool = options.pool;
    this.release = options.pool.release;
    this.local = options.local;
    this.prover = new Prover({
      ...options,
      next: () => this.pool.slots.find(slot => slot.ready)?.process ?? null,
      current: () => this.#forkCurrent(),
    });
    void this.#load();
  }

  async #load(): Promise<void> {
    const loaded = await this.pool.loaded;
    // States that change version must come back down: have the present release's validator ready before anything is stopped.
    if (loaded.ok && this.#changesVersion) await this.#forkCurrent();
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

  async #forkCurrent(): Promise<WorkerProcess | null> {
    this.#current ??= this.options.forkCurrent?.() ?? null;
    await this.#current?.loaded;
    return this.#current;
  }

  /** A run has stopped: proves its final state, the one in hand or, after a crash or by force, the last one that was saved. */
  proveFinal(run: HeldRun): void {
    this.proving++;
    if (run.checkpoint !== undefined)
      return this.#add(run, run.checkpoint?.version ?? null, run.checkpoint?.state ?? null);
    const { redis, keys } = this.options.store;
    redis.hmget(keys.run(run.claimed.queue, run.claimed.jobId), 'version', 'state').then(
      ([version, state]) => this.#add(run, version ? Number(version) : null, state ?? null),
      error => {
        this.#refuse(run.claimed, `its last state could not be read: ${(error as Error).message}`);
        this.proving--;
        this.options.onProven();
      },
    );
  }

  #add(run: HeldRun, version: number | null, state: string | null): void {
    const { queue, jobId, job } = run.claimed;
    if (this.#batch.push({ queue, jobId, job, version, state }) === 1)
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
      this.refusals.push(...(await this.prover.prove(batch)));
      this.proven += batch.length;
    } catch (error) {
      this.#refuse(batch[0]!, `could not be proven: ${(error as Error).message}`);
    }
    this.proving -= batch.length;
    this.options.onProven();
  }

  /** Ends what only the proof needed; the pool stays for who swaps to it. */
  async endProofs(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    await current?.stop();
  }

  async discard(): Promise<void> {
    await Promise.all([this.endProofs(), this.pool.stop()]);
  }
}
