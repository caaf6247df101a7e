import { setImmediate as turn } from 'node:timers/promises';
import { type Context, defineJob } from 'slackwater';
import * as z from 'zod';
import type { JobDefinition } from '../../src/author/job.js';
import { type Execution, execute } from '../../src/execution/execute.js';
import type { ExecuteOptions, RunPort } from '../../src/execution/port.js';
import type { EnqueueOptions } from '../../src/model/messages.js';
import type { Envelope, Progress, RunEnd, RunStart, StepRecord } from '../../src/model/run.js';
import { decodeState } from '../../src/model/state-codec.js';
import { FakeClock } from '../../src/testing/fake-clock.js';

const counter = z.object({ n: z.int() });

/** A job whose state is a number. */
export const countJob = (run: (ctx: Context<unknown, { n: number }>) => unknown, more: object = {}) =>
  defineJob({ name: 'count', checkpoint: { version: 1, schema: counter, ...more }, run });

/** A job without a state. */
export const plain = (run: (ctx: Context<unknown, undefined, never>) => unknown) =>
  defineJob({ name: 'walk', run: run as never });

/** A job whose state is a sum. */
export const summing = (run: (ctx: Context<unknown, { sum: number }>) => unknown) =>
  defineJob({ name: 'sum', checkpoint: { version: 1, schema: z.object({ sum: z.int() }) }, run });

export interface Started extends Execution {
  clock: FakeClock;
  host: FakeHost;
}

/** What a host would have seen and kept of one start. Saves and steps may be held back, and refused. */
class FakeHost implements RunPort {
  readonly told: string[] = [];
  readonly saves: { checkpoint: Envelope; durable: boolean }[] = [];
  readonly steps: Record<string, StepRecord> = {};
  readonly enqueued: { id: string; job: string; payload: string; options: EnqueueOptions }[] = [];
  readonly reported: Progress[] = [];
  readonly lines: Record<string, unknown>[] = [];
  /** Set to answer later, or with an error. */
  answer: () => Promise<void> = async () => {};

  started = () => void this.told.push('started');
  advanced = () => void this.told.push('advanced');
  async save(checkpoint: Envelope, durable: boolean) {
    this.saves.push({ checkpoint, durable });
    await this.answer();
  }
  async step(name: string, record: StepRecord) {
    this.steps[name] = record;
    await this.answer();
  }
  async enqueue(id: string, job: string, payload: string, options: EnqueueOptions) {
    this.enqueued.push({ id, job, payload, options });
    await this.answer();
    return id;
  }
  progress = (progress: Progress) => void this.reported.push(progress);
  log = (line: string) => void this.lines.push(JSON.parse(line));

  get states(): unknown[] {
    return this.saves.map(({ checkpoint }) => stateOf(checkpoint));
  }
}

export const stateOf = (checkpoint: Envelope | null): unknown =>
  checkpoint?.state == null ? undefined : decodeState(checkpoint.state);

/** The state with which a run yielded. */
export function finalState(end: RunEnd): unknown {
  if (end.kind !== 'yielded') throw new Error(`it did not yield: ${JSON.stringify(end)}`);
  return stateOf(end.checkpoint);
}

export function start(
  job: JobDefinition,
  given: Partial<Omit<RunStart, 'payload'>> & { payload?: unknown } = {},
  options: Partial<ExecuteOptions> = {},
): Started {
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock(Date.UTC(2025, 0, 1));
  const host = new FakeHost();
  Object.assign(host.steps, given.steps);
  const execution = execute(
    job,
    {
      runId: 'run-1',
      job: job.name,
      queue: job.queue,
      attempt: 1,
      fence: 1,
      release: 'abc',
      scheduledFor: null,
      checkpoint: null,
      steps: {},
      ...given,
      payload: JSON.stringify(given.payload ?? null),
    },
    host,
    { clock, draining: false, checkpointLimit: 1024 * 1024, ...options },
  );
  return Object.assign(execution, { clock, host });
}

/** Goes on from where `end` stopped, as another start of the same run would. */
export function goOn(
  job: JobDefinition,
  before: Started,
  end: RunEnd,
  options: Partial<ExecuteOptions> = {},
) {
  if (end.kind !== 'yielded') throw new Error(`it did not yield: ${JSON.stringify(end)}`);
  return start(
    job,
    { checkpoint: end.checkpoint, steps: before.host.steps, fence: 2 },
    { clock: before.clock, ...options },
  );
}

/** Lets everything that needs no time happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

/** A promise to be settled by hand. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open!: () => void;
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open };
}
