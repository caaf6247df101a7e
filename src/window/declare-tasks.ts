import type { Release } from '../model/release.js';
import { type Hook, type Probe, pendingTask, type Task, type TaskAction } from '../model/task.js';
import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { checkPayload } from '../release/payloads.js';
import type { WindowInput } from './window-input.js';

/** What a server takes. */
export interface TaskLimits {
  /** What the payload of a run may have. */
  payloadBytes: number;
  /** Whether programs may be run on the server. */
  commands: boolean;
}

/** What is wrong with the hooks and probes of a window to this release. */
export function taskFaults(input: WindowInput, release: Release, limits: TaskLimits): FieldError[] {
  const { strategy = 'window', hooks = [], probes = [] } = input;
  const faultsOf = (list: 'hooks' | 'probes', tasks: (Hook | Probe)[]) =>
    tasks.flatMap((task, i) => [
      ...nameFaults(tasks, i, `/${list}/${i}`),
      ...actionFaults(task, `/${list}/${i}`, release, limits),
    ]);
  return [...faultsOf('hooks', hooks), ...timeFaults(hooks, strategy), ...faultsOf('probes', probes)];
}

/** The record of each, as long as nothing was done: hooks first, each kind in the order in which it was given. */
export function tasksOf({ hooks = [], probes = [] }: Pick<WindowInput, 'hooks' | 'probes'>): Task[] {
  return [
    ...hooks.map(({ name, when }) => pendingTask({ kind: 'hook', name, when })),
    ...probes.map(({ name }) => pendingTask({ kind: 'probe', name, when: 'verify' })),
  ];
}

/** Results are told by name. */
function nameFaults(tasks: { name: string }[], i: number, at: string): FieldError[] {
  const { name } = tasks[i]!;
  if (tasks.findIndex(task => task.name === name) === i) return [];
  return [{ pointer: `${at}/name`, detail: `stands there twice: ${JSON.stringify(name)} is taken` }];
}

const ACTIONS = ['command', 'http', 'job'] as const;

function actionFaults(task: TaskAction, at: string, release: Release, limits: TaskLimits): FieldError[] {
  const given = ACTIONS.filter(action => task[action] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none is there' : `${given.join(' and ')} are there`;
    return [{ pointer: at, detail: `must have exactly one of command, http and job: ${found}` }];
  }
  if (task.command && !limits.commands)
    return [
      {
        pointer: `${at}/command`,
        detail: 'is not allowed: this server runs no commands (window.commands is false); use http or job',
      },
    ];
  return task.job ? jobFaults(task.job, `${at}/job`, release, limits) : [];
}

function jobFaults(
  { name, payload }: NonNullable<TaskAction['job']>,
  at: string,
  { id, jobs }: Release,
  { payloadBytes }: TaskLimits,
): FieldError[] {
  const job = jobs.find(each => each.name === name);
  if (!job) {
    const names = jobs.map(each => each.name);
    const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? ', …' : '');
    return [
      {
        pointer: `${at}/name`,
        detail: `there is no job ${JSON.stringify(name)} in release ${id}: it has ${shown || 'none'}`,
      },
    ];
  }
  try {
    checkPayload(job, payload, `${at}/payload`, payloadBytes);
    return [];
  } catch (error) {
    if (error instanceof SlackwaterError) return error.errors;
    throw error;
  }
}

/** Only a full stop has a moment in which nothing runs. */
function timeFaults(hooks: Hook[], strategy: string): FieldError[] {
  if (strategy === 'window') return [];
  return hooks.flatMap(({ when }, i) =>
    when === 'stopped'
      ? [
          {
            pointer: `/hooks/${i}/when`,
            detail: `cannot be "stopped": a ${strategy} window never stops; use "before", or strategy "window"`,
          },
        ]
      : [],
  );
}
