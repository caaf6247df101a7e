import type { Announcement } from '../model/announcement.js';
import type { WindowSpan } from './window-spans.js';

/** A window that is so late has no server, or waits for another one: nobody waits for it any longer, ms. */
const LATE_MS = 120_000;

/** The announced window of this app that comes first; `null`: none. Computed from `openSpans`. */
export function announcementOf(
  spans: Record<string, WindowSpan>,
  app: string,
  now: number,
): Announcement | null {
  const announced = Object.entries(spans)
    .filter(([, span]) => span.app === app && span.announcedAt !== null)
    .filter(([, span]) => span.announcedAt! <= now && now < span.from + LATE_MS)
    .sort(([, a], [, b]) => a.from - b.from);
  const [first] = announced;
  if (!first) return null;
  const [window, { reason, from, to }] = first;
  return { window, reason, from, to };
}
