import type { HostAppStatus, Intent, ProofStatus } from '../model/intent.js';
import { queuesOf } from '../model/manifest.js';
import type { Logger } from '../platform/logger.js';
import type { Store } from '../store/redis.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import type { BringDown } from './bring-down.js';
import type { Endings } from './endings.js';
import type { LoadLines } from './load-lines.js';
import type { LocalRelease } from './local-release.js';
import type { Pool } from './pool.js';
import type { SpareWorkers } from './spare-workers.js';
import { Standby } from './standby.js';

export interface StandbyKeeperOptions {
  store: Store;
  log: Logger;
  loads: LoadLines;
  trouble: TroubleWatch;
  spares: SpareWorkers;
  bringDown: BringDown;
  endings: Endings;
  fetch(release: string): Promise<LocalRelease>;
  createPool(local: LocalRelease): Pool;
  /** Queues that earlier releases used. */
  formerQueues(): Promise<string[]>;
  /** Whether it falls to this host to prove all live checkpoints. */
  isProver(intent: Intent): Promise<boolean>;
  /** What the app on this host is told now; `null` when it has stopped. */
  intent(): Intent | null;
  /** The release that runs. */
  current(): LocalRelease | null;
  /** Stops what does not yield. */
  force(pool: Pool): void;
  /** `urgent`: the engine waits for this. */
  report(urgent: boolean): void;
  /** There is something new to follow the intent with. */
  again(): void;
  changed(): void;
}

/** The other release of a window on this host: loaded beside the running one when it is wanted, proven, given away for a swap, and ended when nobody wants it any more. */
export class StandbyKeeper {
  standby: Standby | null = null;
  proof: ProofStatus | null = null;
  #loading: string | null = null;
  #error: { release: string; message: string } | null = null;
  /** The proof that is being made: of which window, release and round. */
  #proving = '';

  constructor(private readonly options: StandbyKeeperOptions) {}

  /** Another window: nothing proven or loaded for the last one counts in this one, not even for the same release. */
  begin(): void {
    this.#error = null;
    this.discard();
  }

  discard(): void {
    this.options.endings.add(this.standby?.discard());
    this.standby = null;
    this.proof = null;
    this.#proving = '';
  }

  isLoading(release: string): boolean {
    const { standby } = this;
    return this.#loading === release || (standby?.release === release && standby.state === 'loading');
  }

  failed(release: string, message: string): void {
    this.#error = { release, message };
  }

  /** Loads what the intent wants beside the running release. */
  prepare({ release: running, standby: wanted }: Intent): void {
    if (!wanted || this.standby?.release === wanted || this.#loading === wanted) return;
    const current = this.options.current();
    if (current?.release === wanted || this.#error?.release === wanted) return;
    // What runs now says to which versions the states must come back down.
    if (running && current?.release !== running) return;
    this.#loading = wanted;
    this.discard();
    const loading = this.#load(wanted)
      .catch((error: Error) => {
        this.failed(wanted, error.message);
        this.options.trouble.failed(error, `release ${wanted} could not be loaded beside the running one`);
        this.options.report(true);
      })
      .finally(() => {
        if (this.#loading === wanted) this.#loading = null;
      });
    this.options.endings.add(loading);
  }

  async #load(release: string): Promise<void> {
    const { fetch, formerQueues, intent, current, createPool, report, again, changed } = this.options;
    const local = await fetch(release);
    const former = await formerQueues();
    const wanted = intent();
    if (this.#loading !== release || (wanted?.standby !== release && wanted?.release !== release)) return;
    const running = current();
    this.standby = new Standby({
      ...this.options,
      local,
      queues: [...new Set([...queuesOf(local), ...(running ? queuesOf(running) : []), ...former])],
      currentJobs: new Map((running?.jobs ?? []).map(job => [job.name, job])),
      pool: createPool(local),
      currentRelease: running?.release ?? null,
      onLoaded: () => {
        this.#tellLoaded();
        report(true);
        again();
      },
      onProven: changed,
    });
    report(true);
  }

  #tellLoaded(): void {
    const { standby, options } = this;
    if (standby?.state === 'ready')
      options.log.info(
        { release: standby.release },
        `release ${standby.release} is loaded beside the running one`,
      );
    else if (standby?.error)
      options.loads.broken(standby.release, standby.error, 'its window is told, and what runs goes on');
  }

  /** Proves all live checkpoints, if that falls to this host. */
  async prove(intent: Intent): Promise<void> {
    const { standby } = this;
    const task = `${intent.window}/${intent.standby}#${intent.proofRound}`;
    if (intent.proofRound === 0 || standby?.state !== 'ready' || this.#proving === task) return;
    this.#proving = task;
    try {
      if (!(await this.options.isProver(intent))) {
        this.#proving = '';
        return;
      }
      for await (const status of standby.prover.proveAll(intent.proofRound)) {
        // Another round has begun, or the window is over.
        if (this.standby !== standby || this.#proving !== task) return;
        this.proof = status;
        this.options.report(status.done);
      }
    } catch (error) {
      // Not proven is not proven: the engine's time limit turns this into a refusal unless another look succeeds.
      this.options.trouble.failed(error, 'the proof was interrupted, and is made again', {
        release: standby.release,
      });
      this.#proving = '';
    }
  }

  /** Every final state that came here can be read. */
  get mayTake(): boolean {
    return this.standby?.proving === 0 && this.standby.refusals.length === 0;
  }

  /** Gives it away to run now; `null`: it is not there, or cannot. */
  take(release: string): Standby | null {
    const { standby } = this;
    if (standby?.release !== release || standby.state !== 'ready') return null;
    this.standby = null;
    return standby;
  }

  /** Nobody wants the release that is loaded there. */
  get isOver(): boolean {
    const { standby } = this;
    const intent = this.options.intent();
    return standby !== null && standby.release !== intent?.standby && standby.release !== intent?.release;
  }

  /** The window is over without a swap, or goes back: what computes there (a canary's runs, a hook) comes out first, and is not killed. */
  retire({ standby: wanted, force }: Intent): void {
    if (wanted === null) this.#error = null;
    if (!this.standby || !this.isOver) return;
    const { pool } = this.standby;
    pool.drain(true);
    if (force) this.options.force(pool);
    if (pool.running === 0) this.discard();
  }

  status(): HostAppStatus['standby'] {
    const { standby } = this;
    if (standby) return { release: standby.release, state: standby.state, error: standby.error };
    return this.#error && { release: this.#error.release, state: 'broken', error: this.#error.message };
  }
}
