import type { Choice, Window } from '../../model/window.js';
import type { Facts } from '../facts.js';
import { releaseName } from './sentences.js';
import { goingBack, straight, throughDrain } from './turning.js';
import { startOfWatch } from './watch.js';
import { iso, type Transition } from './way.js';

const chose =
  (choice: Choice) =>
  (f: Facts): boolean =>
    f.window.held !== null && f.window.request?.kind === 'end' && f.window.request.choice === choice;

const by = (f: Facts): string => `decided by ${f.window.request!.by}`;

/** A held window is on its way again. It gets its time anew. */
const resumed = ({ window, now }: Facts): Partial<Window> => ({
  held: null,
  outcome: null,
  summary: null,
  finishedAt: null,
  request: null,
  endsBy: iso(now + window.maxDurationMs),
  // Hosts let the standby go meanwhile, and with it what was proven.
  ...(window.held?.phase === 'preparing' && { proofRound: window.proofRound + 1 }),
});

const tasksWith = ({ tasks, held }: Window, state: 'pending' | 'skipped'): Window['tasks'] =>
  tasks.map(task => {
    const meant =
      held!.task === null ? task.when === 'verify' : task.kind === 'hook' && task.name === held!.task;
    return meant && task.state !== 'done' ? { ...task, state, endedAt: null } : task;
  });

/** Where the runs stand while a window is held after a watch: they have yielded, so it goes on by opening intake. */
const heldAt = (f: Facts) => f.window.held!.phase;

/** What is not known to be done is taken for not done: the hooks for the way back have to cope with that. */
const resumedBack = (f: Facts): Partial<Window> => ({ ...resumed(f), tasks: f.window.tasks });

const later = (a: string, b: string): string => (a > b ? a : b);

/** Nothing was stopped yet, and no hook is there for the way back. */
const isUntouched = ({ window }: Facts): boolean =>
  window.held?.phase === 'preparing' && !window.tasks.some(({ when }) => when === 'undo');

/** Runs may compute, or do so as soon as a person says that it goes on. */
const isInUse = (f: Facts): boolean => heldAt(f) === 'watching' || f.window.strategy !== 'window';

const GO_BACK: Omit<Transition, 'to'> = {
  from: 'done',
  when: chose('go-back'),
  because: f => `${by(f)}: back to ${releaseName(f.window.previousRelease)}`,
  set: f => {
    const back = goingBack(f, f.window.held!.reason, heldAt(f));
    return { ...back, ...resumedBack(f), endsBy: later(back.endsBy!, resumed(f).endsBy!) };
  },
};

/** From `held` on: only a person moves the window, the engine keeps what it holds. */
export const HELD: Transition[] = [
  ...(['preparing', 'swapping', 'verifying', 'watching'] as const).flatMap<Transition>(phase => {
    const at = (f: Facts) => f.window.held !== null && heldAt(f) === phase;
    return [
      {
        from: 'done',
        to: phase,
        when: f => at(f) && chose('retry')(f),
        because: f => `${by(f)}: again`,
        set: f => ({
          ...resumed(f),
          tasks: tasksWith(f.window, 'pending'),
          ...(phase === 'watching' && f.window.held!.task === null && { watched: startOfWatch(f) }),
        }),
      },
      {
        from: 'done',
        to: phase,
        when: f => at(f) && chose('go-on')(f),
        because: f => `${by(f)}: on to ${releaseName(f.target)} all the same`,
        set: f => ({
          ...resumed(f),
          tasks: tasksWith(f.window, 'skipped'),
          ...(phase === 'watching' && f.window.held!.task === null && { watch: null }),
        }),
      },
    ];
  }),
  {
    from: 'done',
    to: 'done',
    outcome: 'aborted',
    when: f => GO_BACK.when(f) && isUntouched(f),
    because: f => `${by(f)}: nothing was stopped. It was held because ${f.window.held!.reason}`,
    set: () => ({ held: null, request: null }),
  },
  ...throughDrain({ ...GO_BACK, when: f => GO_BACK.when(f) && isInUse(f) }),
  ...straight(GO_BACK),
  {
    from: 'done',
    to: 'done',
    outcome: 'held',
    when: chose('release'),
    because: f =>
      `${by(f)}: intake is open on ${releaseName(f.window.running)}. It was held because ${f.window.held!.reason}`,
    set: () => ({ held: null, request: null }),
  },
  {
    from: 'done',
    to: 'done',
    when: f => f.window.held !== null && Date.parse(f.window.held.until) - f.now <= f.limits.heldMs / 2,
    because: f => `still held: ${f.window.held!.reason}`,
    set: f => ({ held: { ...f.window.held!, until: iso(f.now + f.limits.heldMs) } }),
  },
];
