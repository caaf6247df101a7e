import type { Context } from '../author/context.js';
import { each } from './each.js';
import type { Run } from './run.js';
import type { RunProgress } from './run-progress.js';
import { sleep } from './sleep.js';
import { Steps } from './steps.js';

/** The `ctx` of one start. Its methods may be taken off it. */
export function createContext(run: Run, payload: unknown, state: unknown, progress: RunProgress): Context {
  const { runId, job, attempt, release, scheduledFor, fence } = run.start;
  const steps = new Steps(run);
  const context: Context = {
    payload,
    runId,
    job,
    attempt,
    release,
    scheduledFor,
    fence,
    state,
    checkpoint: state => handled(run.checkpoint(state)),
    commit: state => handled(run.commit(state)),
    each: (items, fn, options) => handled(each(run, items as never, fn as never, options as never)),
    step: (name, fn) => handled(steps.step(name, fn)) as never,
    once: (key, fn, options) => handled(steps.once(key, fn, options)) as never,
    enqueue: (job: never, payload: unknown, options?: object) =>
      handled(steps.enqueue(job, payload, options)),
    sleep: duration => handled(sleep(run, duration)),
    signal: run.signal,
    get draining() {
      return run.draining;
    },
    onDrain: fn => callOnDrain(run, fn),
    progress: (done, total, note) => progress.report(done, total, note),
    get log() {
      return run.log.logger;
    },
  };
  return context;
}

/** A rejection that the author does not await must not end a process that computes other runs. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function callOnDrain(run: Run, fn: () => void): void {
  const call = () => {
    stop();
    try {
      fn();
    } catch (error) {
      run.log.logger.error(error, 'the function given to ctx.onDrain failed');
    }
  };
  const stop = run.onDrain(call);
  if (run.draining) call();
}
