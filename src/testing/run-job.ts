import type { Job, JobDefinition } from '../author/job.js';
import type { AnySchema, InputOf } from '../author/schema.js';
import { SlackwaterError } from '../platform/errors.js';
import { compareInterrupted } from './compare-interrupted.js';
import { Life } from './life.js';
import type { InterruptReport, Plan, RunJobOptions, RunJobResult, TestRun } from './options.js';

/**
 * Runs a job to its end, without Redis, on a clock that jumps.
 *
 * `runJob(job, payload, { yieldAt: 3 })` and `runJob(job, payload).yieldAt(3)` are the same.
 *
 * @throws what the job throws when its attempts are used up (the error also carries `run`, the account so far); an error named
 * `Parked` where the run is set aside; an error that names the path where a swap is refused.
 */
export function runJob<P extends AnySchema, S extends AnySchema, R>(
  job: Job<P, S, R>,
  payload: InputOf<P>,
  options: RunJobOptions<InputOf<S>> = {},
): TestRun<R> {
  const plan = planOf(options);
  let begun = false;
  const result = Promise.resolve().then(() => {
    begun = true;
    return new Life(job as JobDefinition, payload, plan).live() as Promise<RunJobResult<R>>;
  });
  const adding = (add: () => void) => {
    if (begun)
      throw new SlackwaterError(
        'bad-request',
        'the run has begun: call yieldAt, crashAt and swapTo right after runJob',
      );
    add();
    return run;
  };
  const run: TestRun<R> = Object.assign(result, {
    yieldAt: (...points: number[]) => adding(() => plan.yieldAt.push(...numbers(points))),
    crashAt: (...points: number[]) => adding(() => plan.crashAt.push(...numbers(points))),
    swapTo: (to: JobDefinition, at?: number) => adding(() => addSwap(plan, { job: to, at })),
    // This run is the undisturbed one: two at a time could get in each other's way outside.
    interruptEverywhere: () => compareInterrupted(job.name, run, () => runJob(job, payload, options)),
  });
  return run;
}

/**
 * Runs a job once undisturbed, then again with a yield and again with a crash at each of its checkpoints in turn, and compares the results.
 * A job with n checkpoints is run 2n + 1 times: give it a small payload. What it does outside is done each time.
 *
 * @throws an error that names each checkpoint where the result differs or the run fails.
 */
export function interruptEverywhere<P extends AnySchema, S extends AnySchema, R>(
  job: Job<P, S, R>,
  payload: InputOf<P>,
  options: RunJobOptions<InputOf<S>> = {},
): Promise<InterruptReport<R>> {
  return runJob(job, payload, options).interruptEverywhere();
}

function planOf({ yieldAt, crashAt, swapTo, ...rest }: RunJobOptions): Plan {
  const plan: Plan = { ...rest, yieldAt: numbers(yieldAt), crashAt: numbers(crashAt), swaps: [] };
  if (swapTo) addSwap(plan, 'job' in swapTo ? swapTo : { job: swapTo });
  return plan;
}

function addSwap(plan: Plan, swap: { job: JobDefinition; at?: number }): void {
  plan.swaps.push(swap);
  if (swap.at !== undefined) plan.yieldAt.push(...numbers(swap.at));
  else if (plan.yieldAt.length + plan.crashAt.length === 0) plan.yieldAt.push(1);
}

function numbers(points: number | number[] | undefined): number[] {
  const list = points === undefined ? [] : [points].flat();
  const wrong = list.find(point => !Number.isInteger(point) || point < 1);
  if (wrong !== undefined)
    throw new SlackwaterError('bad-request', `checkpoints are counted from 1: ${wrong} is none`);
  return list;
}
