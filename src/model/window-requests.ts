import type { Phase, Request, Window } from './window.js';

/**
 * What an operator may ask of a window in which phase. Past the swap there is no way back by request: the states may already be of the new
 * release.
 */
const ALLOWED: Record<Request['kind'] | 'extend', { in: Phase[]; otherwise: string }> = {
  start: { in: ['scheduled'], otherwise: 'it has begun already' },
  cancel: { in: ['scheduled', 'preparing'], otherwise: 'intake is held already: abort it instead' },
  abort: { in: ['preparing', 'draining'], otherwise: 'only a window that prepares or drains can be aborted' },
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
export function whyNot(window: Window, kind: Request['kind'] | 'extend'): string | null {
  const rule = ALLOWED[kind];
  if (rule.in.includes(window.phase)) return null;
  if (window.phase === 'done') return `window ${window.id} is over (${window.outcome}): it cannot ${kind}`;
  const hint =
    kind === 'abort' && window.phase === 'scheduled'
      ? 'it has not begun: cancel it instead'
      : kind === 'cancel' && window.phase !== 'draining'
        ? 'the swap has begun'
        : kind === 'abort'
          ? 'the swap has begun'
          : rule.otherwise;
  return `window ${window.id} is ${window.phase} and cannot ${kind}: ${hint}`;
}

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
