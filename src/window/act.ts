import type { Hold } from '../model/hold.js';
import type { Intent } from '../model/intent.js';
import type { Window } from '../model/window.js';
import { isOver } from '../model/window-defaults.js';
import { windowOwner } from '../store/holds.js';
import { closedUntil, isHeldClosed, targetOf } from './direction.js';

export type IntentFields = Omit<Intent, 'revision' | 'term'>;

/**
 * What hosts shall do while the window is in its phase: a function of the window alone, so that the engine can assert it again at any
 * time (an extension moved the end, Redis came back without its last second). `null`: the window has no say.
 */
export function intentOf(window: Window): IntentFields | null {
  // A window that never began has changed nothing.
  if (window.phase === 'scheduled' || window.endsBy === null) return null;
  const open: IntentFields = {
    app: window.app,
    window: window.id,
    release: window.running,
    standby: null,
    gate: 'open',
    drain: false,
    force: false,
    arriveAt: null,
    moved: [],
    share: 0,
    proofRound: 0,
    until: null,
  };
  const closed: IntentFields = { ...open, gate: 'closed', until: closedUntil(window) };
  const { proofRound } = window;
  switch (window.phase) {
    case 'preparing':
      return { ...open, standby: targetOf(window), proofRound };
    case 'draining': {
      // Also with the gate open runs are asked to stop, so this too has an end.
      const gate = window.arriveAt === null ? closed : { ...open, until: closed.until };
      const { forced: force, arriveAt } = window;
      return { ...gate, standby: targetOf(window), proofRound, drain: true, force, arriveAt };
    }
    case 'swapping':
      return window.strategy === 'window' ? swapping(window, closed) : goingOver(window, open);
    case 'verifying':
      // Side by side the probes run in the standby workers; else these are the ones that run by now.
      return window.strategy === 'window' ? closed : { ...open, standby: targetOf(window) };
    case 'resuming':
      return open;
    case 'watching':
      // Loaded, so that the way back would be as short as the way forward.
      return { ...open, standby: window.watch ? window.previousRelease : null };
    case 'done':
      if (isOver(window)) return { ...open, window: null, release: releaseAfter(window) };
      return isHeldClosed(window) ? { ...closed, drain: true } : open;
  }
}

/** Hosts stay where they are until the hooks are done: nothing runs meanwhile. A hook that is a job runs on the new release, so that stays loaded. */
function swapping(window: Window, closed: IntentFields): IntentFields {
  if (window.routedAt !== null) return closed;
  const standby = window.running === window.release ? targetOf(window) : window.release;
  return { ...closed, standby, drain: true };
}

/** Both releases at once. On the way back no host has moved, and no new run starts on the other release. */
function goingOver(window: Window, open: IntentFields): IntentFields {
  const { moved, share, forced: force } = window;
  // What computes in the standby's workers comes out first; only then, for a hook that undoes, is it loaded again.
  if (window.rollback) return { ...open, standby: isUndoing(window) ? window.release : null, force };
  return { ...open, standby: targetOf(window), moved, share, force };
}

const isUndoing = ({ tasks }: Window): boolean =>
  tasks.some(({ when, state, run }) => when === 'undo' && state === 'running' && run !== null);

function releaseAfter(window: Window): string | null {
  if (window.outcome === 'completed') return window.release;
  return window.outcome === 'held' ? window.running : window.previousRelease;
}

/** Whether the window holds intake in its phase. */
export const isClosed = (window: Window): boolean => intentOf(window)?.gate === 'closed';

/** The hold that stands while the window is in its phase. Its end is the end of the window, even with every server dead. */
export function holdOf(window: Window): Hold | null {
  if (!isClosed(window)) return null;
  return {
    id: holdId(window),
    owner: windowOwner(window.id),
    reason: window.reason,
    placedAt: window.closedAt ?? window.phases.at(-1)!.at,
    until: closedUntil(window)!,
    queues: window.queues,
  };
}

export const holdId = (window: Window): string => `hold-${window.id}`;

/** Whether what is stored already says what the window wants. */
export function stands(window: Window, intent: Intent | null, holds: Hold[]): boolean {
  const hold = holdOf(window);
  const stored = holds.find(({ id }) => id === holdId(window));
  return (
    intentStands(window, intent) && (hold === null ? stored === undefined : stored?.until === hold.until)
  );
}

/** Whether hosts are told already what the window wants of them. Told anew, all would have to answer anew. */
export function intentStands(window: Window, intent: Intent | null): boolean {
  const wanted = intentOf(window);
  if (wanted === null) return true;
  if (intent === null) return false;
  return Object.entries(wanted).every(([field, value]) => isEqual(intent[field as keyof Intent], value));
}

const isEqual = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
