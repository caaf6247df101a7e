import type { ToHost } from '../model/messages.js';
import type { JobManifest } from '../model/release.js';
import type { WorkflowManifest } from '../model/workflow.js';
import type { Clock } from '../platform/clock.js';
import type { HeldRun } from './held-run.js';
import { Slot } from './slot.js';
import { WorkerProcess } from './worker-process.js';

export type RunSlot = Slot<HeldRun>;

export interface PoolOptions {
  release: string;
  /** Absolute path of the release's module. */
  entry: string;
  jobs: JobManifest[];
  workflows: WorkflowManifest[];
  workers: number;
  /** Runs of one job at once in one worker, where the job does not say. */
  runConcurrency: number;
  checkpointLimit: number;
  env: string[];
  clock: Clock;
  deadline(): bigint;
  onMessage(slot: RunSlot, message: ToHost): void;
  onExit(slot: RunSlot, cause: string): void;
  /** Has the release on this machine again, whole. */
  restore(): Promise<unknown>;
  /** A worker could not load the release. */
  onBroken(why: string): void;
  /** A worker has become ready: there is room. */
  onRoom(): void;
}

const RESPAWN_FIRST_MS = 50;
const RESPAWN_MOST_MS = 5_000;

/** The workers of one release on this host. Those that die are replaced, ever later if they die young. */
export class Pool {
  readonly release: string;
  readonly jobs: ReadonlyMap<string, JobManifest>;
  readonly workflows: ReadonlyMap<string, WorkflowManifest>;
  /** Settles when every worker has loaded the release, or one has found it broken. */
  readonly loaded: Promise<{ ok: true } | { ok: false; error: string }>;
  #slots: RunSlot[] = [];
  #draining = false;
  #stopping = false;
  #earlyDeaths = 0;
  #awaited: (() => void)[] = [];

  constructor(private readonly options: PoolOptions) {
    this.release = options.release;
    this.jobs = new Map(options.jobs.map(job => [job.name, job]));
    this.workflows = new Map(options.workflows.map(workflow => [workflow.name, workflow]));
    const first = Array.from({ length: options.workers }, () => this.#spawn(false));
    this.loaded = Promise.all(first.map(slot => slot.process.loaded)).then(results => {
      const broken = results.find(result => !result.ok);
      return broken && !broken.ok ? { ok: false, error: broken.error.message } : { ok: true };
    });
  }

  get slots(): readonly RunSlot[] {
    return this.#slots;
  }

  /** Runs in its workers, those about to enter included. */
  get running(): number {
    return this.#slots.reduce((total, slot) => total + slot.reserved, 0);
  }

  concurrencyOf(job: string): number {
    return this.jobs.get(job)?.concurrency ?? this.options.runConcurrency;
  }

  /** Claims that this pool can compute at once in one queue. */
  roomIn(queue: string): number {
    const jobs = [...this.jobs.values()].filter(job => job.queue === queue);
    return jobs.reduce((total, job) => total + this.concurrencyOf(job.name) * this.options.workers, 0);
  }

  /** Further runs of a job that its workers have room for now; `alone`: of any that have to run alone. */
  roomFor(job: string, alone = false): number {
    if (alone) return this.#slots.some(slot => slot.isolated && slot.reserved > 0) ? 0 : 1;
    const limit = this.concurrencyOf(job);
    return this.#slots.reduce((room, slot) => room + (slot.isolated ? 0 : limit - slot.countOf(job)), 0);
  }

  /** @returns the worker with the most room for a run of this job, a place in it taken; `null`: none now. */
  take(job: string, isolated = false): RunSlot | null {
    const limit = isolated ? 1 : this.concurrencyOf(job);
    let best: RunSlot | null = null;
    for (const slot of this.#slots) {
      if (!slot.ready || slot.condemned || slot.isolated !== isolated) continue;
      if ((isolated ? slot.reserved : slot.countOf(job)) >= limit) continue;
      if (!best || slot.reserved < best.reserved) best = slot;
    }
    best?.reserve(job);
    if (!best && isolated && !this.#slots.some(slot => slot.isolated)) this.#spawn(true);
    return best;
  }

  /** A worker that has loaded the release, now or when one has; `null`: they are being ended. */
  async whenReady(): Promise<RunSlot | null> {
    for (;;) {
      const slot = this.#slots.find(slot => slot.ready && !slot.condemned && slot.process.alive);
      if (slot || this.#stopping) return slot ?? null;
      await new Promise<void>(resolve => this.#awaited.push(resolve));
    }
  }

  drain(on: boolean): void {
    if (this.#draining === on) return;
    this.#draining = on;
    for (const slot of this.#slots) slot.send({ t: 'drain', on });
  }

  /** Ends its workers, which must have no runs. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#tell();
    await Promise.all(
      this.#slots.map(slot => {
        slot.condemned = true;
        return slot.process.stop();
      }),
    );
  }

  #spawn(isolated: boolean): RunSlot {
    const born = this.options.clock.monotonic();
    const slot: RunSlot = new Slot<HeldRun>(
      new WorkerProcess({
        entry: this.options.entry,
        checkpointLimit: this.options.checkpointLimit,
        env: this.options.env,
        onMessage: message => this.options.onMessage(slot, message),
        onExit: cause => this.#exited(slot, cause, born),
      }),
      isolated,
    );
    this.#slots.push(slot);
    void slot.process.loaded.then(result => {
      if (!result.ok) return slot.process.kill();
      slot.ready = true;
      if (this.#draining) slot.send({ t: 'drain', on: true });
      this.#tell();
      this.options.onRoom();
    });
    return slot;
  }

  #tell(): void {
    for (const told of this.#awaited.splice(0)) told();
  }

  #exited(slot: RunSlot, cause: string, born: number): void {
    this.#slots = this.#slots.filter(other => other !== slot);
    this.options.onExit(slot, cause);
    if (this.#stopping) return;
    const young = this.options.clock.monotonic() - born < RESPAWN_MOST_MS;
    this.#earlyDeaths = young ? this.#earlyDeaths + 1 : 0;
    const delay =
      this.#earlyDeaths <= 1 ? 0 : Math.min(RESPAWN_FIRST_MS * 2 ** this.#earlyDeaths, RESPAWN_MOST_MS);
    // An isolated worker comes back when a suspect needs it.
    const next = () => (slot.isolated ? this.options.onRoom() : void this.#spawn(false));
    if (slot.ready && delay === 0) return next();
    this.options.clock.after(delay, () => void this.#mended(slot).then(() => this.#stopping || next()));
  }

  /** A worker that could not even load what others have loaded: its files may be gone. */
  async #mended(slot: RunSlot): Promise<void> {
    if (slot.ready) return;
    const loaded = await slot.process.loaded;
    if (!loaded.ok) this.options.onBroken(loaded.error.message);
    await this.options.restore().catch((error: Error) => this.options.onBroken(error.message));
  }
}
