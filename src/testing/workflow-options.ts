import type { StepState } from '../model/workflow.js';
import type { RunJobResult } from './options.js';

export interface RunWorkflowOptions {
  /** What signals carry, by the name of their step. One that is not here never comes. */
  signals?: Record<string, unknown>;
  /**
   * What stands in for the runs of a step: gets their payload (and the place of the element where there is `each`), and gives their result; what it throws fails the run.
   * Steps of a sub-workflow are named `step/its-step`, also in `signals`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the author knows what the payload of the step is.
  instead?: Record<string, (payload: any, index: number | null) => unknown>;
  runId?: string;
  release?: string;
  scheduledFor?: string | null;
  /** When it begins. Default: the beginning of 2025. */
  now?: string | number | Date;
  /** Largest state of a run in bytes. Default: 1 MiB. */
  checkpointLimit?: number;
  /** Largest result of a step's run in bytes. Default: 256 KiB. */
  resultLimit?: number;
}

/** What one run of a step got and gave. */
export interface TestStepRun {
  payload: unknown;
  result: unknown;
  /** Why it failed for good; `null` where it did not. */
  error: Error | null;
  /** Of a job that was run, and did not fail: its account. */
  run: RunJobResult<unknown> | null;
}

export interface TestStep {
  state: StepState;
  /** What the steps after it get. */
  result: unknown;
  runs: TestStepRun[];
  /** When it was settled, ms since the epoch: runs take no time, waits do. `null`: it never began. */
  settledAt: number | null;
}

export interface RunWorkflowResult<Result> {
  result: Result;
  steps: Record<string, TestStep>;
}
