import type { Window } from '../model/window.js';
import { SlackwaterError } from '../platform/errors.js';
import type { Client } from './client.js';

/** Less than this before a scheduled window is no room for another one, ms. */
const LEAST_ROOM = 60_000;

/** Declares a window. @throws SlackwaterError; where another one is scheduled for later, it says how long this one may take before it */
export async function openWindow(
  client: Client,
  body: { release: string; startsAt?: string },
): Promise<Window> {
  try {
    return await client.post<Window>('/v1/windows', body);
  } catch (error) {
    if (!(error instanceof SlackwaterError) || error.code !== 'conflict') throw error;
    const [, id] = /^window (\S+) .*takes this time/.exec(error.message) ?? [];
    const other = id && (await client.get<Window>(`/v1/windows/${id}`).catch(() => null));
    const hint = other && roomBefore(other, Date.parse(body.startsAt ?? new Date().toISOString()));
    if (!hint) throw error;
    throw new SlackwaterError('conflict', `${error.message}; ${hint}`, error.errors, { cause: error });
  }
}

/** How a window that starts at `from` (ms) is done before the `other` begins; `null` where it cannot be. */
export function roomBefore(other: Window, from: number): string | null {
  const minutes = Math.floor((Date.parse(other.startsAt) - from) / 60_000);
  if (other.phase !== 'scheduled' || minutes * 60_000 < LEAST_ROOM) return null;
  return `it starts at ${other.startsAt}: to be done before, give this one --max-duration ${minutes}m or less (and a --drain-timeout that is no longer)`;
}
