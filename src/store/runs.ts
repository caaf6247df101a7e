import { fieldOf } from '../model/kept-workflow.js';
import type { Envelope, Parked, Progress, RunError, StepRecord } from '../model/run.js';
import type { PartOf } from '../model/workflow.js';
import { SlackwaterError } from '../platform/errors.js';
import { type Store, script } from './redis.js';

/** Which run, and by what right: the lock token of its claim and the fence of its newest start. */
export interface Claimed {
  queue: string;
  jobId: string;
  token: string;
  fence: number;
}

export type Started =
  | { kind: 'lost' }
  /** Before its host died, the workflow that it is part of was told how it ended. */
  | {
      kind: 'settled';
      fence: number;
      end: 'completed' | 'failed' | 'cancelled';
      result: unknown;
      error: RunError | null;
    }
  | { kind: 'cancelled'; fence: number }
  | { kind: 'poison'; fence: number; crashes: number }
  | {
      kind: 'ok';
      fence: number;
      failures: number;
      crashes: number;
      checkpoint: Envelope | null;
      savedAt: number | null;
      steps: Record<string, StepRecord>;
    };

/** The write was refused: another claim or a newer start owns this run. Its worker must stop. */
export class FencedError extends SlackwaterError {
  constructor(claimed: Claimed) {
    super(
      'conflict',
      `run ${claimed.jobId} of queue ${claimed.queue} has been taken over; fence ${claimed.fence} may no longer write`,
    );
  }
}

const startScript = script<(string | number)[]>('start-run', 8);
const stepScript = script<[string]>('step-run', 3);
const failScript = script<(string | number)[]>('fail-run', 4);
const handOverScript = script<number>('hand-over', 2);
const stoppedScript = script<number>('mark-stopped', 2);
const finishScript = script<number>('finish-run', 5);

/** Takes the next fence of a claimed run and reads what is needed to go on. `crashed`: count the death of its last worker against it, if that ran the same release. */
export async function startRun(
  { redis, keys }: Store,
  run: Omit<Claimed, 'fence'> & { part?: PartOf | null },
  by: { release: string; host: string; app: string; crashed: boolean; crashLimit: number; lockMs: number },
): Promise<Started> {
  const { queue, jobId, token, part } = run;
  const [kind, fence, ...rest] = await startScript(
    redis,
    keys.lock(queue, jobId),
    keys.run(queue, jobId),
    keys.steps(queue, jobId),
    part ? keys.workflowResults(part.queue, part.jobId) : keys.run(queue, jobId),
    keys.expiring(queue),
    keys.job(queue, jobId),
    keys.live(queue),
    part ? keys.workflow(part.queue, part.jobId) : keys.run(queue, jobId),
    token,
    by.release,
    by.host,
    by.app,
    by.crashed ? '1' : '0',
    by.crashLimit,
    by.lockMs,
    part ? fieldOf(part.step, part.index) : '',
    jobId,
  );
  if (kind === 'settled') return settledAs(Number(fence), String(rest[0]), String(rest[1]));
  if (kind === 'cancelled') return { kind, fence: Number(fence) };
  if (kind === 'poison') return { kind, fence: Number(fence), crashes: Number(rest[0]) };
  if (kind !== 'ok') return { kind: 'lost' };
  const [failures, crashes, state, version, cursors, savedAt, ...steps] = rest.map(String);
  return {
    kind: 'ok',
    fence: Number(fence),
    failures: Number(failures),
    crashes: Number(crashes),
    checkpoint:
      state || cursors
        ? { state: state || null, version: version ? Number(version) : null, cursors: cursors || null }
        : null,
    savedAt: savedAt ? Number(savedAt) : null,
    steps: pairs(steps),
  };
}

function settledAs(fence: number, mark: string, error: string): Started {
  const end = mark[0] === '=' ? 'completed' : mark[0] === '!' ? 'failed' : 'cancelled';
  const result = end === 'completed' ? JSON.parse(mark.slice(1)) : null;
  return { kind: 'settled', fence, end, result, error: error ? (JSON.parse(error) as RunError) : null };
}

function pairs(flat: string[]): Record<string, StepRecord> {
  const steps: Record<string, StepRecord> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) steps[flat[i]!] = JSON.parse(flat[i + 1]!) as StepRecord;
  return steps;
}

/** @throws FencedError */
export async function saveStep(
  { redis, keys }: Store,
  run: Claimed,
  name: string,
  record: StepRecord,
): Promise<void> {
  const { queue, jobId, token, fence } = run;
  const [kind] = await stepScript(
    redis,
    keys.lock(queue, jobId),
    keys.run(queue, jobId),
    keys.steps(queue, jobId),
    token,
    fence,
    name,
    JSON.stringify(record),
    'value' in record ? '1' : '0',
  );
  if (kind !== 'ok') throw new FencedError(run);
}

/**
 * Records a failure, a park or a cancellation, and decides whether an attempt is left.
 * @returns `retry` with the failures since the checkpoint last advanced, or `ended`. @throws FencedError
 */
export async function failRun(
  { redis, keys }: Store,
  run: Claimed,
  how: {
    kind: 'failed' | 'parked' | 'cancelled';
    attempts: number;
    error?: RunError | undefined;
    parked?: Parked | undefined;
    /** The job for which it is parked: it goes on by itself where that is. */
    lacks?: string | undefined;
  },
): Promise<{ kind: 'retry'; failures: number } | { kind: 'ended' }> {
  const { queue, jobId, token, fence } = run;
  const [kind, failures] = await failScript(
    redis,
    keys.lock(queue, jobId),
    keys.run(queue, jobId),
    keys.expiring(queue),
    keys.withoutJob(queue),
    token,
    fence,
    how.kind,
    how.attempts,
    how.error ? JSON.stringify(how.error) : '',
    how.parked ? JSON.stringify(how.parked) : '',
    jobId,
    how.lacks ?? '',
  );
  if (kind === 'retry') return { kind, failures: Number(failures) };
  if (kind === 'ended') return { kind };
  throw new FencedError(run);
}

/** A run goes on in another release without a new claim: what people see of it changes, and crashes on the other no longer count. */
export async function handOver(
  { redis, keys }: Store,
  { queue, jobId, token }: Omit<Claimed, 'fence'>,
  release: string,
  host: string,
): Promise<void> {
  await handOverScript(redis, keys.lock(queue, jobId), keys.run(queue, jobId), token, release, host);
}

/** A run was stopped without a yield, and waits. Its fence stays: once it has started again this changes nothing. */
export async function markStopped(
  { redis, keys }: Store,
  { queue, jobId, token, fence }: Claimed,
): Promise<void> {
  await stoppedScript(redis, keys.lock(queue, jobId), keys.run(queue, jobId), token, fence);
}

/** The steps kept so far. */
export async function readSteps(
  { redis, keys }: Store,
  run: { queue: string; jobId: string },
): Promise<Record<string, StepRecord>> {
  return pairs(Object.entries(await redis.hgetall(keys.steps(run.queue, run.jobId))).flat());
}

/**
 * Tidies up after an end that the queue has recorded. Idempotent. A parked run stays until a person has decided, and then for `keepMs`.
 * `sooner`: the queue keeps it longer than that. `ofWindow`: a hook or probe, of which nobody decides.
 */
export async function finishRun(
  { redis, keys }: Store,
  run: { queue: string; jobId: string },
  how: { keepState: boolean; keepMs: number; sooner?: boolean; ofWindow?: boolean },
): Promise<void> {
  const { queue, jobId } = run;
  await finishScript(
    redis,
    keys.run(queue, jobId),
    keys.steps(queue, jobId),
    keys.live(queue),
    keys.expiring(queue),
    keys.job(queue, 'failed'),
    jobId,
    how.keepState ? '1' : '0',
    how.ofWindow ? '1' : '0',
    how.keepMs,
    how.sooner ? '1' : '0',
  );
}

export async function saveProgress(
  { redis, keys }: Store,
  run: { queue: string; jobId: string },
  progress: Progress,
): Promise<void> {
  await redis.hset(keys.run(run.queue, run.jobId), 'progress', JSON.stringify(progress));
}

/** Appends to the run's log, which the queue library shows too; keeps the last `keep` lines. */
export async function appendLog(
  { redis, keys }: Store,
  run: { queue: string; jobId: string },
  lines: string[],
  keep: number,
): Promise<void> {
  const key = keys.logs(run.queue, run.jobId);
  await redis
    .pipeline()
    .rpush(key, ...lines)
    .ltrim(key, -keep, -1)
    .exec();
}
