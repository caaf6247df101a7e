import {
  declaredTask,
  type Task,
  type TaskAction,
  type TaskSign,
  taskKey,
  taskRunId,
} from '../../model/task.js';
import type { Window } from '../../model/window.js';

/** One try of a hook or probe, with all that whoever does it needs to know. */
export interface Try {
  window: string;
  app: string;
  release: string;
  previousRelease: string | null;
  kind: Task['kind'];
  name: string;
  /** `taskKey` */
  task: string;
  attempt: number;
  /** ID of its run, where it is one. */
  run: string;
  action: TaskAction;
  timeoutMs: number;
  /** When it was recorded, ms by the clock of Redis. */
  startedAt: number;
}

export const tryOf = (window: Window, task: Task): Try => {
  const { timeoutMs, command, http, job } = declaredTask(window, task);
  return {
    window: window.id,
    app: window.app,
    release: window.release,
    previousRelease: window.previousRelease,
    kind: task.kind,
    name: task.name,
    task: taskKey(task),
    attempt: task.attempt,
    run: taskRunId(window.id, task),
    action: { command, http, job },
    timeoutMs,
    startedAt: Date.parse(task.startedAt!),
  };
};

export type Result = Exclude<TaskSign, { state: 'working' }>;

/** Why a try is given up before its end, with a sentence for people. */
export class GivenUp extends Error {
  constructor(
    /** `leaving`: this server stops. `over`: the window is over, nobody waits for the result. */
    readonly kind: 'timeout' | 'leaving' | 'over',
    sentence: string,
  ) {
    super(sentence);
  }
}

/** Does a try. @param signal aborts with `GivenUp`. @returns `null` where it goes on without this server, and somebody else will tell. */
export type Executor = (of: Try, signal: AbortSignal) => Promise<Result | null>;

export const done = (output: string): Result => ({ state: 'done', output, error: null });

/** It says itself that it did nothing that lasts, so it may be tried again. */
export const failed = (error: string, output = ''): Result => ({ state: 'failed', output, error });

/** It was never begun, and may be at another time. */
export const unbegun = (error: string): Result => ({ state: 'unbegun', output: '', error });

/** Nobody knows what it did. */
export const lost = (error: string, output = ''): Result => ({ state: 'lost', output, error });

export const whyGivenUp = (signal: AbortSignal): string => (signal.reason as GivenUp).message;

/** Resolves once the signal is aborted. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
