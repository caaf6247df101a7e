import type { Choice, Held, Outcome, Phase, Window } from '../../model/window.js';
import { isHeldClosed } from '../direction.js';
import type { Facts } from '../facts.js';
import { isAllStill } from './conditions.js';
import { backOn, capital, releaseName } from './sentences.js';
import { isUndoDue, whyNoWayBack } from './tasks.js';
import { iso, type Transition } from './way.js';

interface Turn {
  from: Phase;
  when: (f: Facts) => boolean;
  because: (f: Facts) => string;
}

/**
 * The ways of a window that cannot go on: back to the former release by itself where that is known to be safe, else it is held for a person.
 * @param by how the way back begins.
 */
export function turnBack(
  { from, when, because }: Turn,
  by: (way: Omit<Transition, 'to'>) => Transition[],
  task?: (f: Facts) => string | null,
): Transition[] {
  const way: Omit<Transition, 'to'> = {
    from,
    when: f => when(f) && whyNoWayBack(f.window) === null,
    because: f => `${because(f)}: it goes back to ${releaseName(f.window.previousRelease)}`,
    set: f => goingBack(f, because(f), from),
  };
  return [
    ...by(way),
    hold({ from, when, because: f => `${because(f)}, and ${whyNoWayBack(f.window)}` }, task),
  ];
}

/** Runs compute on the new release: they stop first, all together, or side by side each host for itself. */
export const throughDrain = (way: Omit<Transition, 'to'>): Transition[] => [
  { ...way, to: 'swapping', when: f => way.when(f) && f.window.strategy !== 'window' },
  { ...way, to: 'draining' },
];

/**
 * Straight to the other release, if nothing runs. The phase alone does not say so: at the end of a window, with no server alive, intake has opened by itself.
 */
export const straight = (way: Omit<Transition, 'to'>): Transition[] => [
  { ...way, to: 'swapping', when: f => way.when(f) && isAllStill(f) },
  { ...way, to: 'draining' },
];

/** The fields of a window that turns round. Its end moves on where what is left would not do for the way back. */
export function goingBack(f: Facts, because: string, from: Phase): Partial<Window> {
  const { window, now, limits } = f;
  const drainBy = now + window.drainTimeoutMs;
  const endsBy = Math.max(Date.parse(window.endsBy!), drainBy + limits.forceMs + limits.swapMs);
  return {
    rollback: { because, at: iso(now), from, hadMoved: hasMoved(window) },
    request: null,
    // Side by side hosts go home each by itself, at once.
    ...(window.strategy === 'window'
      ? { routedAt: null }
      : { routedAt: iso(now), running: window.previousRelease }),
    arriveAt: null,
    forced: false,
    proofRound: 0,
    moved: [],
    share: 0,
    drainDeadline: iso(drainBy),
    endsBy: iso(endsBy),
    tasks: isUndoDue(window) ? window.tasks : window.tasks.filter(task => task.when !== 'undo'),
  };
}

const hasMoved = ({ running, release, moved, share }: Window): boolean =>
  running === release || moved.length > 0 || share > 0;

/** What a window that has turned round ends as. */
export const outcomeBack = ({ window }: Facts): Outcome =>
  window.rollback!.hadMoved ? 'rolled-back' : 'aborted';

export const becauseBack = (f: Facts): string => `${f.window.rollback!.because}. ${capital(backOn(f))}`;

/** The window waits for a person. */
export function hold(
  { from, when, because }: Turn,
  task: (f: Facts) => string | null = () => null,
): Transition {
  return {
    from,
    to: 'done',
    outcome: 'held',
    when,
    because: f => `${capital(because(f))}: a person has to decide`,
    set: f => ({ held: heldBy(f, from, because(f), task(f)), request: null }),
  };
}

function heldBy(f: Facts, phase: Phase, reason: string, task: string | null): Held {
  return {
    since: iso(f.now),
    phase,
    reason,
    task,
    choices: choices(f, phase, task),
    until: iso(f.now + f.limits.heldMs),
  };
}

/** Each with what it will do, of this window where it stands. */
function choices(f: Facts, phase: Phase, task: string | null): Held['choices'] {
  const { window } = f;
  const isClosed = isHeldClosed({ ...window, held: { phase, task } as Held });
  const undo = window.tasks.some(({ when }) => when === 'undo');
  const all: Record<Choice, string | null> = {
    retry: task ? `does the hook ${task} again, then goes on from there` : RETRY[phase]!,
    'go-on': task
      ? `takes the hook ${task} for done, and goes on to ${releaseName(f.target)}`
      : goOn(window, phase),
    'go-back': window.rollback
      ? null
      : `goes back to ${releaseName(window.previousRelease)}${undo ? ' by the undo hooks' : ', with nothing undone of what the hooks did'}`,
    release: `${isClosed ? 'opens intake' : 'leaves intake open'} on ${releaseName(window.running)}, and ends the window as it stands`,
  };
  return Object.entries(all).flatMap(([choice, does]) => (does ? [{ choice: choice as Choice, does }] : []));
}

const RETRY: Partial<Record<Phase, string>> = {
  verifying: 'does the probes again',
  watching: 'opens intake on the new release again and watches it anew',
};

function goOn(window: Window, phase: Phase): string {
  const then = phase === 'verifying' && window.watch ? ' and watches it' : ' and ends as completed';
  return `takes ${releaseName(window.release)} for good, opens intake on it${then}`;
}
