import type { Window } from '../model/window.js';
import { enteredAt, type Limits } from './facts.js';

/** How long until time alone may move this window, ms; infinite where only hosts or people can. The engine looks again then, to the ms. */
export function dueIn(window: Window, now: number, limits: Limits): number {
  const entered = Date.parse(enteredAt(window, window.phase) ?? window.createdAt);
  const times = timesOf(window, limits).map(each =>
    typeof each === 'number' ? entered + each : Date.parse(each),
  );
  return Math.min(...times.filter(time => time > now).map(time => time - now), Number.POSITIVE_INFINITY);
}

/** Moments of the phase: points in time as text, or ms from its beginning. */
function timesOf(window: Window, limits: Limits): (string | number)[] {
  const end = window.endsBy === null ? [] : [window.endsBy];
  switch (window.phase) {
    case 'scheduled':
      return [window.startsAt];
    case 'preparing':
      return [limits.noHostMs, limits.prepareMs, ...end];
    case 'draining':
      return [...(window.drainDeadline === null ? [] : [window.drainDeadline]), ...end];
    case 'swapping':
      return [limits.swapMs, ...end];
    case 'resuming':
      return [limits.measureMs, limits.resumeMs, ...end];
    default:
      return [];
  }
}
