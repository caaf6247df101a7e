import type { Run } from '../../model/run.js';
import { SlackwaterError } from '../../platform/errors.js';
import type { EnqueueContext } from '../../queue/enqueue.js';
import type { Queues } from '../../queue/queues.js';
import { cancelRun } from '../../queue/run-actions.js';
import { enqueueTaskRun } from '../../queue/task-runs.js';
import type { Store } from '../../store/redis.js';
import { getRelease } from '../../store/releases.js';
import type { Asker } from '../../store/run-requests.js';
import { tailOf } from './output-tail.js';
import { RunWatch } from './run-watch.js';
import { done, type Executor, failed, type GivenUp, lost, type Result, type Try, whyGivenUp } from './try.js';

/** How long a run that was told to stop may take for it, ms: its worker is killed before that. */
const STOP_WITHIN_MS = 8_000;
/** Lines of its log that are looked at for the output. */
const LOG_LINES = 200;

/**
 * A run of the new release, on a host. Its ID follows from the try, so any server may look after it: all of them ask for the same run, and tell the same of it.
 */
export function jobExecutor(store: Store, queues: Queues, retention: EnqueueContext['retention']): Executor {
  return async (of, signal) => {
    const watch = new RunWatch(store, of);
    try {
      // A window that is over asks for nothing more; what is there already is cancelled.
      if (!isOver(signal)) await enqueue(of);
      await watch.start();
      const run = await watch.untilEnded(signal);
      if (run !== 'still runs') return await resultOf(store, run);
      // Another server looks after it.
      if ((signal.reason as GivenUp).kind === 'leaving') return null;
      const why = whyGivenUp(signal);
      await cancel(watch.id, { by: `window ${of.window}`, reason: why });
      const stopped = await watch.untilEnded(AbortSignal.timeout(STOP_WITHIN_MS));
      return stopped === 'still runs'
        ? lost(`${why}; its run ${watch.id} was told to stop and has not`)
        : await resultOf(store, stopped, why);
    } catch (error) {
      // No such release, or no such job in it. Everything else is Redis, and is tried again.
      if (error instanceof SlackwaterError && error.code === 'not-found') return failed(error.message);
      throw error;
    } finally {
      await watch.stop();
    }
  };

  async function enqueue(of: Try): Promise<void> {
    const { app, release, action } = of;
    const { name, payload } = action.job!;
    const { jobs } = await getRelease(store, release);
    const job = jobs.find(each => each.name === name);
    if (!job) throw new SlackwaterError('not-found', `release ${release} has no job ${JSON.stringify(name)}`);
    await enqueueTaskRun(store, queues, job, { id: of.run, payload, release, app, retention });
  }

  async function cancel(id: string, asker: Asker): Promise<void> {
    try {
      await cancelRun(store, id, asker);
    } catch (error) {
      // It has just ended, or is gone: the next look says so.
      if (!(error instanceof SlackwaterError)) throw error;
    }
  }
}

const isOver = (signal: AbortSignal): boolean => (signal.reason as GivenUp | undefined)?.kind === 'over';

/** @param why it was cancelled, where we did that. */
async function resultOf(store: Store, run: Run | null, why?: string): Promise<Result> {
  if (run === null) return lost(`${why ? `${why}; ` : ''}its run is not in the queue any more`);
  if (run.state === 'completed') return done(run.result === null ? '' : tailOf(JSON.stringify(run.result)));
  const log = await store.redis.lrange(store.keys.logs(run.queue, run.id), -LOG_LINES, -1);
  const output = tailOf(log.join('\n'));
  if (run.state === 'failed') return failed(errorOf(run), output);
  if (run.state === 'parked')
    return lost(`its run was parked: ${run.parked?.reason ?? 'no reason given'}`, output);
  return run.startedAt === null
    ? failed(why ? `${why}, and no host had begun its run` : 'its run was cancelled before it began', output)
    : lost(why ? `${why}, and its run was cancelled` : 'its run was cancelled', output);
}

const errorOf = ({ error }: Run): string =>
  error === null
    ? 'its run failed'
    : error.name === 'Error'
      ? error.message
      : `${error.name}: ${error.message}`;
