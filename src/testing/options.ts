import type { JobDefinition } from '../author/job.js';
import type { Progress } from '../model/run.js';
import type { Enqueued } from './memory-store.js';

/** Checkpoints are counted from 1 over the life of the run: see `testing/README.md`. */
export interface RunJobOptions<State = unknown> {
  /** Drain when checkpoint n (or each of several) is made: the run yields there and starts again. */
  yieldAt?: number | number[];
  /** The worker dies when checkpoint n is made, before it is saved; the run starts again from what was saved before. */
  crashAt?: number | number[];
  /**
   * Another version of the job to go on with: `{ job, at: n }` yields at checkpoint n and swaps there; a job alone swaps at the first
   * interruption (at checkpoint 1 where there is none). The state is proven first, as in a window.
   */
  swapTo?: JobDefinition | { job: JobDefinition; at?: number };
  /** Start from this state instead of from nothing … */
  state?: State;
  /** … saved by this version. Default: that of the job. */
  version?: number;
  runId?: string;
  release?: string;
  scheduledFor?: string | null;
  /** What the clock shows at first. Default: the beginning of 2025. */
  now?: string | number | Date;
  /** Largest state in bytes. Default: 1 MiB. */
  checkpointLimit?: number;
}

export interface RunJobResult<Result> {
  result: Result;
  /** How often the job's function was entered. */
  starts: number;
  yields: number;
  crashes: number;
  /** How many checkpoints were made in the life of the run. */
  checkpoints: number;
  /** The last saved state; `undefined` if there is none. */
  state: unknown;
  /** All saved states in order; `undefined` where only a cursor was saved. */
  states: unknown[];
  /** Kept results of `ctx.step` and `ctx.once`, by name. */
  steps: Record<string, unknown>;
  /** Runs started by `ctx.enqueue`. */
  enqueued: Enqueued[];
  progress: Progress[];
  /** Log lines, parsed. */
  logs: Record<string, unknown>[];
}

/** The promise of a result. Its methods add to the options, before the run begins: call them at once. */
export interface TestRun<Result> extends Promise<RunJobResult<Result>> {
  yieldAt(...checkpoints: number[]): TestRun<Result>;
  crashAt(...checkpoints: number[]): TestRun<Result>;
  swapTo(job: JobDefinition, at?: number): TestRun<Result>;
  /** See `interruptEverywhere`: the same job and payload. */
  interruptEverywhere(): Promise<InterruptReport<Result>>;
}

/** The options, in one form. */
export type Plan = Omit<RunJobOptions, 'yieldAt' | 'crashAt' | 'swapTo'> & {
  yieldAt: number[];
  crashAt: number[];
  swaps: { job: JobDefinition; at?: number }[];
};

export interface InterruptReport<Result> {
  /** Of the run that nothing interrupted. */
  result: Result;
  /** Its number of checkpoints. */
  checkpoints: number;
  /** How many interrupted runs were compared with it: a yield and a crash for each checkpoint. */
  interruptions: number;
}
