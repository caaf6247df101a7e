import type { Hold } from '../model/hold.js';
import type { Intent } from '../model/intent.js';
import type { Window } from '../model/window.js';
import { windowOwner } from '../store/holds.js';

export type IntentFields = Omit<Intent, 'revision' | 'term'>;

/**
 * What hosts shall do while the window is in its phase: a function of the window alone, so that the engine can assert it again at any
 * time (an extension moved the end, Redis came back without its last second). `null`: the window has no say yet.
 */
export function intentOf(window: Window): IntentFields | null {
  const open = {
    app: window.app,
    window: window.id,
    gate: 'open' as const,
    drain: false,
    force: false,
    arriveAt: null,
    moved: [] as string[],
    share: 0,
    until: null,
  } satisfies Partial<IntentFields>;
  const old = { release: window.previousRelease, standby: window.release, proofRound: window.proofRound };
  const swapped = { release: window.release, standby: null, proofRound: 0 };
  switch (window.phase) {
    case 'preparing':
      return { ...open, ...old };
    case 'draining':
      return { ...open, ...old, gate: 'closed', drain: true, force: window.forced, until: window.endsBy };
    case 'swapping':
      return { ...open, ...swapped, gate: 'closed', until: window.endsBy };
    case 'resuming':
      return { ...open, ...swapped };
    case 'done':
      // A window that never began has changed nothing.
      if (window.endsBy === null) return null;
      return {
        ...open,
        window: null,
        release: window.outcome === 'completed' ? window.release : window.previousRelease,
        standby: null,
        proofRound: 0,
      };
    default:
      return null;
  }
}

/** The hold that stands while the window is in its phase. Its end is the end of the window, even with every server dead. */
export function holdOf(window: Window): Hold | null {
  if (window.phase !== 'draining' && window.phase !== 'swapping') return null;
  return {
    id: holdId(window),
    owner: windowOwner(window.id),
    reason: window.reason,
    placedAt: window.phases.find(entry => entry.phase === 'draining')!.at,
    until: window.endsBy!,
    queues: window.queues,
  };
}

export const holdId = (window: Window): string => `hold-${window.id}`;

/** Whether what is stored already says what the window wants. */
export function stands(window: Window, intent: Intent | null, holds: Hold[]): boolean {
  const wanted = intentOf(window);
  const hold = holdOf(window);
  const stored = holds.find(({ id }) => id === holdId(window));
  const intentStands =
    wanted === null ||
    (intent !== null &&
      Object.entries(wanted).every(([field, value]) => isEqual(intent[field as keyof Intent], value)));
  return intentStands && (hold === null ? stored === undefined : stored?.until === hold.until);
}

const isEqual = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
