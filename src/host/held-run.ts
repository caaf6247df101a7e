import type { JobManifest } from '../model/release.js';
import type { AbortReason, Envelope, StepRecord } from '../model/run.js';
import type { ClaimedRun, Settlement } from '../queue/consumer.js';
import type { Slot } from './slot.js';
import { Stride } from './stride.js';

/**
 * A run that this host holds: claimed, its lock renewed, until it is settled. Where it stands:
 * `waiting` (for the gate, a free place or the next release) → `starting` (takes its fence) → `running` (in a worker) → `ending`
 * (its end is being recorded). A yield or a crash leads back to `waiting`: the claim stays, only the code under it changes.
 */
export class HeldRun {
  state: 'waiting' | 'starting' | 'running' | 'ending' = 'waiting';
  fence = 0;
  failures = 0;
  crashes = 0;
  /** `undefined`: the last checkpoint is in the store, not in hand. */
  checkpoint: Envelope | null | undefined;
  /** In hand only between the store and a worker, like the checkpoint: the host must not hold what thousands of runs have kept. */
  steps: Record<string, StepRecord> | undefined;
  /** The release that was last told to the store. */
  release = '';
  /** With a canary: which workers it starts in; `null`: not chosen yet. */
  lane: 'main' | 'ahead' | null = null;
  /** It computes in the standby's workers, beside those that a window stops. */
  ahead = false;
  /** Its job, as the release says that it last started on. */
  definition: JobManifest | undefined;
  slot: Slot<HeldRun> | null = null;
  /** It has a seat, where its job needs one. */
  seated = false;
  /** It does not start before this instant: the rate of its job gave it that. */
  notBefore = 0;
  /** Names the present start within its worker; 0: none. */
  claim = 0;
  /** The last start ended with its worker's death, and nobody meant it. */
  crashed = false;
  crashCause = '';
  /** It stands for a workflow run, which never enters a worker; `null`: not looked up yet. */
  stands: boolean | null = null;
  /** It was told that it has to run alone. */
  toldAlone = false;
  /** Another claim owns the run; nothing may be written any more. */
  lost = false;
  abort: AbortReason | null = null;
  /** Somebody cancelled it. */
  cancelled = false;
  /** Writes that its worker asked for, in all. */
  writes = 0;
  /** An offer that Redis did not take is being sent again until then. */
  unsaved: Promise<void> | null = null;
  /** Saves sent by the worker and not yet stored. */
  saving = 0;

  // Times in ms by the clock of Redis.
  startedAt = 0;
  savedAt: number | null = null;
  yieldedAt: number | null = null;
  /** Of the present start. */
  stride = new Stride(0);
  /** The present start is the first one: it has nothing to go on from. */
  whole = false;
  /** Asked to yield before the others are. */
  asked = false;

  /** Ends the abort's patience and the run's time limit. */
  cancelKill: () => void = () => {};
  cancelTimeout: () => void = () => {};

  /** What became of the claim. */
  readonly settled: Promise<Settlement>;
  readonly settle: (settlement: Settlement) => void;

  constructor(readonly claimed: ClaimedRun) {
    let resolve!: (settlement: Settlement) => void;
    this.settled = new Promise(done => {
      resolve = done;
    });
    this.settle = resolve;
  }

  /** It advanced: what went wrong before no longer counts. */
  forgiven(): void {
    this.failures = 0;
    this.acquitted();
  }

  /** The crashes so far say nothing of it any more. */
  acquitted(): void {
    this.crashes = 0;
    this.crashed = false;
    this.toldAlone = false;
  }

  get key(): string {
    return heldKey(this.claimed.queue, this.claimed.jobId);
  }

  get job(): string {
    return this.claimed.job;
  }

  /** What the store checks before it writes. */
  get right(): { queue: string; jobId: string; token: string; fence: number } {
    const { queue, jobId, token } = this.claimed;
    return { queue, jobId, token, fence: this.fence };
  }
}

export const heldKey = (queue: string, jobId: string): string => `${queue}/${jobId}`;
