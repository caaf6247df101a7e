import type { Window } from '../model/window.js';
import type { Store } from './redis.js';

/** What is kept of a window as long as it is not over, in the hash of open windows. Times in ms since the epoch. */
export interface WindowSpan {
  app: string;
  from: number;
  /** A window that is held takes its app's time until it is resolved. */
  to: number;
  reason: string;
  /** From when on runs wait that would be in its way; `null` once it stops runs. */
  announcedAt: number | null;
}

export function spanOf(window: Window): WindowSpan {
  // It may have been started before its time.
  const begun = window.phases.find(({ phase }) => phase === 'preparing')?.at ?? window.startsAt;
  const from = Math.min(Date.parse(window.startsAt), Date.parse(begun));
  const end = window.held?.until ?? window.endsBy;
  const to = end === null ? from + window.maxDurationMs : Date.parse(end);
  const comes = window.phase === 'scheduled' || window.phase === 'preparing';
  const announcedAt = comes ? from - window.announceMs : null;
  return { app: window.app, from, to, reason: window.reason, announcedAt };
}

/** The spans of the windows that are not over, by ID: one read, for hosts too. */
export async function openSpans(store: Store): Promise<Record<string, WindowSpan>> {
  const spans = Object.entries(await store.redis.hgetall(store.keys.openWindows));
  return Object.fromEntries(spans.map(([id, text]) => [id, JSON.parse(text) as WindowSpan]));
}
