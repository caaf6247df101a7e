import type { Choice, Phase, Request, Window } from './window.js';

/** What an operator may ask of a window, or do to it. */
export type Asked = Request['kind'] | 'extend' | 'approve';

/** Who asks, and what is chosen where the window is held. */
export interface Ask {
  by?: string;
  choice?: Choice | undefined;
}

/**
 * In which phase. `abort` past the swap means to go back: by the states of the new release brought down, or by what `onRollback` says. With
 * intake open nothing is half-done, so a rolling window can go back in its `swapping` too.
 */
const ALLOWED: Record<Asked, { in: Phase[]; otherwise: string }> = {
  start: { in: ['scheduled'], otherwise: 'it has begun already' },
  approve: { in: ['scheduled'], otherwise: 'it has begun already' },
  cancel: { in: ['scheduled', 'preparing'], otherwise: 'intake is held already: abort it instead' },
  abort: {
    in: ['preparing', 'draining', 'verifying', 'watching'],
    otherwise: 'the swap has begun',
  },
  end: {
    in: ['watching'],
    otherwise: 'only a window that is watched can be ended early, and one that is held resolved',
  },
  extend: {
    in: ['scheduled', 'preparing', 'draining', 'swapping', 'verifying', 'resuming', 'watching'],
    otherwise: 'there is nothing left to extend',
  },
};

/** Why this window cannot do that now, as a sentence for people; `null` if it can. */
export function whyNot(window: Window, kind: Asked, ask: Ask = {}): string | null {
  const no = (hint: string) => `window ${window.id} is ${window.phase} and cannot ${kind}: ${hint}`;
  if (window.held) return kind === 'end' ? whyNotChosen(window, ask.choice) : isHeld(window, kind);
  if (window.phase === 'done') return `window ${window.id} is over (${window.outcome}): it cannot ${kind}`;
  if (kind === 'abort' && window.rollback) return no('it goes back already');
  if (!isTime(window, kind)) return no(hintFor(window, kind));
  if (kind === 'end' && ask.choice !== undefined) return no('it is not held: leave the choice out');
  if (kind === 'start' && window.requiresApproval && window.approvedBy === null)
    return no('it waits for a second person: approve it first');
  return kind === 'approve' ? whyNotApproved(window, ask.by) : null;
}

function isTime({ phase, strategy }: Window, kind: Asked): boolean {
  if (kind === 'abort' && phase === 'swapping') return strategy !== 'window';
  return ALLOWED[kind].in.includes(phase);
}

function hintFor({ phase }: Window, kind: Asked): string {
  if (kind === 'abort' && phase === 'scheduled') return 'it has not begun: cancel it instead';
  if (kind === 'cancel' && phase !== 'draining') return 'the swap has begun';
  return ALLOWED[kind].otherwise;
}

function whyNotApproved(window: Window, by?: string): string | null {
  const { id, requiresApproval, approvedBy, createdBy, scheduledBy } = window;
  if (!requiresApproval) return `window ${id} needs no approval`;
  if (approvedBy !== null) return `window ${id} is approved already, by ${approvedBy}`;
  if (by === createdBy || by === scheduledBy)
    return `window ${id} was declared by ${by}: another person has to approve it (with another token; without tokens, under another name in X-Slackwater-Actor)`;
  return null;
}

function isHeld(window: Window, kind: Asked): string {
  const time = kind === 'extend' ? 'its time does not run meanwhile; ' : '';
  return `window ${window.id} is held and cannot ${kind}: ${time}end it with one of its choices, ${choicesOf(window)}`;
}

function whyNotChosen(window: Window, choice?: Choice): string | null {
  if (choice === undefined)
    return `window ${window.id} is held: say how it goes on with "choice", one of ${choicesOf(window)}`;
  if (window.held?.choices.some(each => each.choice === choice)) return null;
  return `window ${window.id} does not offer ${choice} now: "choice" may be ${choicesOf(window)}`;
}

const choicesOf = ({ held }: Window): string =>
  (held?.choices ?? []).map(({ choice, does }) => `${choice} (${does})`).join(', ');

/** The window with `byMs` more time to drain, and its end moved along. */
export function extended(window: Window, byMs: number): Window {
  const later = (time: string | null) =>
    time === null ? null : new Date(Date.parse(time) + byMs).toISOString();
  const drainDone = !['scheduled', 'preparing', 'draining'].includes(window.phase);
  return {
    ...window,
    drainTimeoutMs: drainDone ? window.drainTimeoutMs : window.drainTimeoutMs + byMs,
    drainDeadline: drainDone ? window.drainDeadline : later(window.drainDeadline),
    maxDurationMs: window.maxDurationMs + byMs,
    endsBy: later(window.endsBy),
  };
}
