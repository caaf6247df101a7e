import { declaredTask, type Hook, type Task, type TaskSign, taskKey, taskRunId } from '../../model/task.js';
import type { Phase, Window } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import type { Facts } from '../facts.js';
import { iso, type Transition } from './way.js';

/** Tries that were not begun, or of an idempotent hook of which nobody knows how they ended, beyond those that may fail. */
const LOST_TRIES = 3;

export const tasksOf = (window: Window, when: Task['when']): Task[] =>
  window.tasks.filter(task => task.when === when);

const SETTLED: Task['state'][] = ['done', 'skipped'];
export const allDone = (window: Window, when: Task['when']): boolean =>
  tasksOf(window, when).every(task => SETTLED.includes(task.state));

export const failed = (window: Window, when: Task['when']): Task | undefined =>
  tasksOf(window, when).find(task => task.state === 'failed');

export const unknown = (window: Window, when: Task['when']): Task | undefined =>
  tasksOf(window, when).find(task => task.state === 'unknown');

/** Something of it may have been done. A hook that failed says that it did nothing, if no try of it was lost. */
const isBegun = ({ state, uncertain }: Task): boolean =>
  uncertain === true || (state !== 'pending' && state !== 'failed');

/** After it the former code may not work any more. */
const isBreaking = ({ when }: Task): boolean => when === 'stopped' || when === 'after';

/** Why the window cannot go back by itself; `null`: it can. A hook that failed says that it did nothing. */
export function whyNoWayBack(window: Window): string | null {
  if (tasksOf(window, 'undo').length > 0) return null;
  const names = window.tasks.filter(task => isBreaking(task) && isBegun(task)).map(task => task.name);
  return names.length === 0 ? null : `the hook ${names.join(', ')} has run and no hook is there to undo it`;
}

/** Whether something was begun that the hooks for the way back are there for. */
export const isUndoDue = (window: Window): boolean =>
  window.tasks.some(task => (isBreaking(task) || task.when === 'before') && isBegun(task));

/** Some try of it was begun. */
export const isAtHooks = (window: Window, when: Task['when']): boolean =>
  tasksOf(window, when).some(task => task.attempt > 0);

/**
 * The ways of one time's hooks (or of the probes): begin, see how a try ended, try again. One after the other, but probes all at once.
 * What becomes of a window whose task has failed, or of which nobody knows, is the table's next question.
 */
export function taskWays(from: Phase, when: Task['when'], isTheirTurn: (f: Facts) => boolean): Transition[] {
  const of = (f: Facts) => (isTheirTurn(f) ? tasksOf(f.window, when) : []);
  return [
    {
      from,
      to: from,
      when: f => of(f).some(task => settled(f, task) !== null),
      because: f =>
        of(f)
          .flatMap(task => settled(f, task)?.because ?? [])
          .join('; '),
      set: f => withTasks(f, task => (of(f).includes(task) && settled(f, task)?.task) || task),
    },
    {
      from,
      to: from,
      when: f => next(f, of(f)).length > 0,
      because: f =>
        next(f, of(f))
          .map(task => `${task.kind} ${task.name} begins`)
          .join(', '),
      set: f => withTasks(f, task => (next(f, of(f)).includes(task) ? begin(f, task) : task)),
    },
  ];
}

const withTasks = (f: Facts, change: (task: Task) => Task): Partial<Window> => ({
  tasks: f.window.tasks.map(change),
});

/** Those to begin now: the next hook, when the one before is done, or all probes. */
function next(f: Facts, tasks: Task[]): Task[] {
  const left = tasks.filter(task => !SETTLED.includes(task.state) && !isPassedBy(task));
  const may = left[0]?.kind === 'probe' ? left : left.slice(0, 1);
  return may.filter(task => task.state === 'pending' && isRested(f, task));
}

/** Once the new release works, a hook that fails stops nothing. */
const isPassedBy = ({ when, state }: Task): boolean => when === 'after' && state === 'failed';

const isRested = (f: Facts, { endedAt, attempt }: Task): boolean =>
  attempt === 0 || endedAt === null || f.now - Date.parse(endedAt) >= f.limits.retryMs;

function begin(f: Facts, task: Task): Task {
  const attempt = task.attempt + 1;
  const isRun = declaredTask(f.window, task).job !== undefined;
  return {
    ...task,
    state: 'running',
    attempt,
    run: isRun ? taskRunId(f.window.id, { ...task, attempt }) : null,
    startedAt: iso(f.now),
    endedAt: null,
    error: null,
  };
}

/** What the signs say of a running try; `null`: it goes on. */
function settled(f: Facts, task: Task): { task: Task; because: string } | null {
  const sign = task.state === 'running' ? signOf(f, task) : null;
  if (sign === null || sign.state === 'working') return null;
  const { attempts, idempotent } = definitionOf(f.window, task);
  const seen = { ...task, endedAt: iso(f.now), output: sign.output, error: sign.error };
  const name = `${task.kind} ${task.name}`;
  if (sign.state === 'done') return { task: { ...seen, state: 'done' }, because: `${name} is done` };
  const lost = sign.state === 'lost';
  const uncertain = task.kind === 'hook' && (lost || task.uncertain === true);
  const left = { ...seen, ...(uncertain && { uncertain }) };
  const limit = attempts + (sign.state === 'failed' ? 0 : LOST_TRIES);
  if (task.attempt < limit && (idempotent || !lost))
    return {
      task: { ...left, state: 'pending' },
      because: `${name} failed and is tried again: ${sign.error}`,
    };
  if (uncertain)
    return {
      task: { ...left, state: 'unknown' },
      because: `nobody knows whether ${name} was done: ${sign.error}`,
    };
  return { task: { ...left, state: 'failed' }, because: `${name} failed: ${sign.error}` };
}

/** What became of a try; who does it may be gone without a word. */
function signOf(f: Facts, task: Task): TaskSign | null {
  const sign = f.signs[taskKey(task)] ?? null;
  const since = f.now - Date.parse(task.startedAt!);
  const limit = definitionOf(f.window, task).timeoutMs + f.limits.signMs * 6;
  const lost = (error: string): TaskSign => ({ state: 'lost', output: task.output, error });
  if (sign === null && since >= f.limits.signMs)
    return lost('who did it is gone, and left no result (what it began may still be at work)');
  if (sign?.state === 'working' && since >= limit)
    return lost(`it has not ended ${formatDuration(since)} after its beginning`);
  return sign;
}

/** A probe changes nothing: it fails at once, and may always be repeated. */
function definitionOf(window: Window, task: Task): Pick<Hook, 'timeoutMs' | 'attempts' | 'idempotent'> {
  const declared = declaredTask(window, task);
  return 'attempts' in declared ? declared : { timeoutMs: declared.timeoutMs, attempts: 1, idempotent: true };
}
