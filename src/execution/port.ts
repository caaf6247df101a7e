import type { EnqueueOptions } from '../model/messages.js';
import type { Envelope, Progress, StepRecord } from '../model/run.js';
import type { Clock } from '../platform/clock.js';

/** How a run reaches its host. A rejection with the code `conflict` says that the run was started elsewhere. */
export interface RunPort {
  /** The author's function has been entered. */
  started(): void;
  /** The first sign of work after a start. */
  advanced(): void;
  /** Resolves when the host has it; with `durable`, when it is in the store. */
  save(checkpoint: Envelope, durable: boolean): Promise<void>;
  /** Resolves when it is in the store. */
  step(name: string, record: StepRecord): Promise<void>;
  /** @returns the ID of the run, stored. */
  enqueue(id: string, job: string, payload: string, options: EnqueueOptions): Promise<string>;
  progress(progress: Progress): void;
  /** One line of the run's log, JSON. */
  log(line: string): void;
}

export interface ExecuteOptions {
  clock: Clock;
  /** The run starts into a drain: it yields at the first place where it can. */
  draining: boolean;
  /** Largest state, set of cursors or step result, bytes. */
  checkpointLimit: number;
  /** Told once when a state is large; default: the run's log. */
  warn?(message: string): void;
  /**
   * For tests: every checkpoint, every commit and every finished item of an `each` calls this first, and is saved, whatever the time. (A
   * checkpoint within an item is one with the item's end.)
   */
  atCheckpoint?(): Promise<void> | undefined;
}
