import type { Task } from '../model/task.js';
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
  const end = [window.endsBy, ...window.tasks.flatMap(task => taskTimes(task, limits))].filter(isTime);
  switch (window.phase) {
    case 'scheduled':
      return [window.startsAt];
    case 'preparing':
      return [limits.noHostMs, limits.prepareMs, ...end];
    case 'draining':
      return [...[window.drainDeadline, window.arriveAt].filter(isTime), ...end];
    case 'swapping':
      return [...after(window.routedAt, limits.swapMs), ...sideBySide(window), ...end];
    case 'resuming':
      return [limits.measureMs, limits.resumeMs, ...end];
    case 'watching':
      return [...(window.watch ? [window.watch.durationMs] : []), ...end];
    case 'verifying':
      return end;
    case 'done':
      return after(window.held?.until ?? null, -limits.heldMs / 2);
  }
}

/** When a pause between two batches or the time of a share is over. */
function sideBySide({ rolling, movedAt, canary, sharedAt }: Window): string[] {
  return [
    ...(rolling ? after(movedAt, rolling.pauseMs) : []),
    ...(canary ? after(sharedAt, canary.stepMs) : []),
  ];
}

/** When a try without a sign is taken for lost, and when the next one may begin. */
const taskTimes = ({ state, startedAt, endedAt }: Task, limits: Limits): string[] =>
  state === 'running'
    ? after(startedAt, limits.signMs)
    : state === 'pending'
      ? after(endedAt, limits.retryMs)
      : [];

const isTime = (time: string | null): time is string => time !== null;

const after = (time: string | null, ms: number): string[] =>
  time === null ? [] : [new Date(Date.parse(time) + ms).toISOString()];
