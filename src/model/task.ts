/** What a hook or a probe does. Exactly one of the three is given. */
export interface TaskAction {
  /** Program and arguments, run on the machine of the server that leads. */
  command?: string[];
  http?: { url: string; method?: string; body?: unknown; headers?: Record<string, string>; status?: number };
  /** A run of a job of the new release, on one of the hosts. */
  job?: { name: string; payload: unknown };
}

export const HOOK_TIMES = ['before', 'stopped', 'after', 'undo'] as const;
/**
 * `before`: all hosts are ready, the old code works on. `stopped`: nothing runs. `after`: the new release is known to work.
 * `undo`: on the way back, when nothing runs, if a hook was begun before.
 */
export type HookTime = (typeof HOOK_TIMES)[number];

export interface Hook extends TaskAction {
  name: string;
  when: HookTime;
  timeoutMs: number;
  /** Tries before a failure is one. */
  attempts: number;
  /** It may be done again where nobody knows whether it was done. */
  idempotent: boolean;
}

/** A check on the new release before intake reopens. It changes nothing, so it may always be repeated. */
export interface Probe extends TaskAction {
  name: string;
  timeoutMs: number;
}

export const TASK_STATES = ['pending', 'running', 'done', 'failed', 'unknown', 'skipped'] as const;
/** `unknown`: who did it was lost before the result was recorded. `skipped`: a person went on without it. */
export type TaskState = (typeof TASK_STATES)[number];

/** One hook or probe of a window, and what became of it: recorded before it begins and when it has ended. */
export interface Task {
  kind: 'hook' | 'probe';
  name: string;
  when: HookTime | 'verify';
  state: TaskState;
  /** A try of it was lost: whatever it says now, it may have been done. */
  uncertain?: boolean;
  /** Tries begun. */
  attempt: number;
  /** Of the last try, ISO 8601. */
  startedAt: string | null;
  endedAt: string | null;
  /** The run, where it is one. */
  run: string | null;
  /** The end of what it wrote; the body of an answer; the result of a run. At most 4 KiB. */
  output: string;
  error: string | null;
}

/** The record of a task as long as nothing was done. */
export const pendingTask = (task: Pick<Task, 'kind' | 'name' | 'when'>): Task => ({
  ...task,
  state: 'pending',
  attempt: 0,
  startedAt: null,
  endedAt: null,
  run: null,
  output: '',
  error: null,
});

/** Names a task within its window. */
export const taskKey = ({ kind, name }: Pick<Task, 'kind' | 'name'>): string => `${kind}:${name}`;

/** What was declared of a task of this window. */
export function declaredTask(
  { hooks, probes }: { hooks: Hook[]; probes: Probe[] },
  { kind, name }: Pick<Task, 'kind' | 'name'>,
): Hook | Probe {
  const all: (Hook | Probe)[] = kind === 'hook' ? hooks : probes;
  return all.find(each => each.name === name)!;
}

/** The run of a try that is a job: it follows from the try, so that whoever asks for it, and however often, there is one. */
export const taskRunId = (
  window: string,
  { kind, name, attempt }: Pick<Task, 'kind' | 'name' | 'attempt'>,
): string => `${window}-${kind}-${name}-${attempt}`;

/** What is known of a try that was begun. `lost`: nobody works on it any more, and no result came. */
export type TaskSign =
  | { state: 'working' }
  | { state: 'done' | 'failed'; output: string; error: string | null }
  /** Who was to do it found that it was too late: it was not even begun, which is no failure of it. */
  | { state: 'unbegun'; output: string; error: string }
  /** `output` where it is known what it wrote before it was given up. */
  | { state: 'lost'; output: string; error: string };
