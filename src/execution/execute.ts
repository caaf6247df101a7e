import type { JobDefinition } from '../author/job.js';
import type { ChanceReport } from '../model/messages.js';
import type { AbortReason, RunEnd, RunStart } from '../model/run.js';
import { formatDuration } from '../platform/duration.js';
import { errorRecord, SlackwaterError } from '../platform/errors.js';
import { createContext } from './create-context.js';
import type { ExecuteOptions, RunPort } from './port.js';
import { isNothing } from './position.js';
import { readCheckpoint, readPayload, unreadable } from './read-start.js';
import { jsonResult } from './result.js';
import { Run } from './run.js';
import { RunProgress } from './run-progress.js';
import { isYield, type Park } from './stops.js';

export interface Execution {
  /** Resolves, never rejects, when the author's function has settled and nothing of it is under way. */
  readonly ended: Promise<RunEnd>;
  drain(on: boolean): void;
  abort(reason: AbortReason): void;
  /** The chances to yield that it had since this was last asked. */
  takeChances(): ChanceReport | undefined;
}

/** Starts or goes on with a run in this process. */
export function execute(
  job: JobDefinition,
  start: RunStart,
  port: RunPort,
  options: ExecuteOptions,
): Execution {
  let run: Run;
  try {
    run = new Run(job, start, port, options);
  } catch (error) {
    // The cursors are damaged.
    const end = unreadable(job, start, error instanceof Error ? error.message : String(error));
    return { ended: Promise.resolve(end), drain() {}, abort() {}, takeChances: () => undefined };
  }
  return {
    ended: compute(run),
    drain: on => run.drain(on),
    abort: reason => run.abort(reason),
    takeChances: () => run.chances.take(),
  };
}

async function compute(run: Run): Promise<RunEnd> {
  // The caller has the execution in hand before the author's code runs.
  await undefined;
  const payload = readPayload(run.job, run.start);
  if ('kind' in payload) return payload;
  const state = readCheckpoint(run.job, run.start);
  if ('kind' in state) return state;

  const progress = new RunProgress(value => run.port.progress(value), run.clock);
  const context = createContext(run, payload.value, state.value, progress);
  let end: RunEnd;
  try {
    run.port.started();
    run.chances.skip(run.clock.monotonic());
    const result = await run.job.run(context, payload.value as never);
    run.settled = true;
    end = afterReturn(run, result);
  } catch (thrown) {
    run.settled = true;
    end = await afterThrow(run, thrown);
  }
  run.leaveShortWay();
  run.chances.end(run.clock.monotonic());
  progress.flush();
  if (end.kind === 'failed' || end.kind === 'parked') await saveLast(run);
  run.saver.stop();
  return end;
}

function afterReturn(run: Run, result: unknown): RunEnd {
  if (run.aborted || run.park) return stopped(run);
  if (run.yielded) return swallowed(run, 'returned');
  try {
    const completed: RunEnd = { kind: 'completed', result: jsonResult(result, run.job.name) };
    run.advanced();
    return completed;
  } catch (error) {
    return { kind: 'failed', error: errorRecord(error), retry: true };
  }
}

async function afterThrow(run: Run, thrown: unknown): Promise<RunEnd> {
  if (!run.aborted && !run.park && run.yielded && isYield(thrown)) {
    // Parallel work of this run reaches its own next item first.
    await run.idle();
    if (!run.aborted && !run.park) {
      if (run.swallowed) return swallowed(run, 'went on');
      return { kind: 'yielded', checkpoint: isNothing(run.final!) ? null : run.final };
    }
  }
  if (run.aborted || run.park) return stopped(run);
  // A name that users of BullMQ know: there is no point in trying again.
  const retry = (thrown as Partial<Error> | null)?.name !== 'UnrecoverableError';
  return { kind: 'failed', error: errorRecord(thrown), retry };
}

function stopped(run: Run): RunEnd {
  if (!run.aborted) return { kind: 'parked', parked: (run.park as Park).parked };
  if (run.aborted.code === 'cancelled') return { kind: 'cancelled' };
  if (run.aborted.code !== 'timeout') return { kind: 'failed', error: errorRecord(run.aborted), retry: true };
  const { timeoutMs } = run.job;
  const after = timeoutMs === null ? 'its time limit' : formatDuration(timeoutMs);
  const error = new Error(
    `timed out after ${after}: raise timeout in job "${run.job.name}", or let it checkpoint and do less`,
  );
  return { kind: 'failed', error: errorRecord(Object.assign(error, { name: 'TimeoutError' })), retry: true };
}

function swallowed(run: Run, what: 'returned' | 'went on'): RunEnd {
  const error = new SlackwaterError(
    'bad-definition',
    `job "${run.job.name}" caught the yield and ${what}: a call on ctx that throws a Yield ends the run here, so await every call, and in catch blocks throw it again (error.name === "Yield")`,
  );
  return { kind: 'failed', error: errorRecord(error), retry: true };
}

/** A retry then goes on from the author's last word. */
async function saveLast(run: Run): Promise<void> {
  const { code } = run.aborted ?? {};
  if (code === 'forced' || code === 'fenced') return;
  try {
    if (run.final) await run.stored(run.saver.saveNow(run.final));
    else await run.stored(run.saver.flush());
  } catch {
    // The failure that is being told matters more; the retry goes on from the save before.
  }
}
