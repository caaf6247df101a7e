import type { Window } from '../model/window.js';

/** The release that the window goes to now: its own, or on the way back the former one. */
export const targetOf = (window: Window): string | null =>
  window.rollback ? window.previousRelease : window.release;

/** How long after the end of a window with something irreversible in it intake stays closed, should every server be dead, ms. */
export const DAY_MS = 24 * 3_600_000;

/** A breaking hook, or one that undoes, has begun: no release is known to work. */
const isIrreversible = (window: Window): boolean =>
  window.tasks.some(
    ({ when, state, uncertain }) =>
      (when === 'stopped' || when === 'undo') && (state !== 'pending' || uncertain === true),
  );

/** Until when intake stays closed at most, should nobody move the window on. */
export function closedUntil(window: Window): string | null {
  if (window.held) return window.held.until;
  if (window.endsBy === null || !isIrreversible(window)) return window.endsBy;
  return new Date(Date.parse(window.endsBy) + DAY_MS).toISOString();
}

/** Whether a window that waits for a person keeps intake closed: only where runs had stopped for it, or a watch says that they had better. */
export const isHeldClosed = ({ held, strategy }: Window): boolean =>
  held !== null &&
  strategy === 'window' &&
  (held.phase === 'swapping' ||
    held.phase === 'verifying' ||
    (held.phase === 'watching' && held.task === null));
