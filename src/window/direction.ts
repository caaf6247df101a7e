import type { Window } from '../model/window.js';

/** The release that the window goes to now: its own, or on the way back the former one. */
export const targetOf = (window: Window): string | null =>
  window.rollback ? window.previousRelease : window.release;

/** The release that it comes from. A window that turned round before hosts went over never left the former one. */
export const originOf = (window: Window): string | null =>
  window.rollback && hasSwapped(window) ? window.release : window.previousRelease;

/** Whether hosts were told to run the new release, before it turned round if it did. */
export const hasSwapped = (window: Window): boolean =>
  window.rollback
    ? window.strategy !== 'window' || window.rollback.from !== 'swapping'
    : window.routedAt !== null;

/** The release that hosts are told to run. */
export const routedRelease = (window: Window): string | null =>
  window.routedAt === null ? originOf(window) : targetOf(window);

/** How long after the end of a window with something irreversible in it intake stays closed, should every server be dead, ms. */
export const DAY_MS = 24 * 3_600_000;

/** A breaking hook has begun and the window is neither through nor back: no release is known to work. */
export const isIrreversible = (window: Window): boolean =>
  window.tasks.some(task => task.when === 'stopped' && task.state !== 'pending');

/** Until when intake stays closed at most, should nobody move the window on. */
export function closedUntil(window: Window): string | null {
  if (window.held) return window.held.until;
  if (window.endsBy === null || !isIrreversible(window)) return window.endsBy;
  return new Date(Date.parse(window.endsBy) + DAY_MS).toISOString();
}

/** Whether a window that waits for a person keeps intake closed: not where the old code never stopped, nor where the new one is known to work. */
export const isHeldClosed = ({ held }: Window): boolean =>
  held !== null &&
  (held.phase === 'draining' ||
    held.phase === 'swapping' ||
    held.phase === 'verifying' ||
    (held.phase === 'watching' && held.task === null));
