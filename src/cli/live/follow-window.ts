import type { Window } from '../../model/window.js';
import { unlessLeft } from '../away.js';
import type { Client } from '../client.js';
import { listen } from './listen.js';

export interface Look {
  window: Window;
  /** What hinders the next look: the server does not answer. `null`: nothing. */
  trouble: string | null;
}

/**
 * Looks at a window each time an event says that something changed, until it is done, or held. A server that goes away in between (it may be
 * restarted, or another takes over) is waited for; the first look must succeed.
 */
export async function* followWindow(client: Client, id: string, signal: AbortSignal): AsyncGenerator<Look> {
  const path = `/v1/windows/${encodeURIComponent(id)}`;
  let window = await client.get<Window>(path, {}, signal).catch(error => {
    if (!signal.aborted) throw error;
  });
  if (!window) return;
  yield { window, trouble: null };
  if (hasEnded(window)) return;
  const stop = new AbortController();
  const news = listen(client, `${path}/events`, AbortSignal.any([signal, stop.signal]));
  try {
    while (!hasEnded(window)) {
      await news.next();
      if (signal.aborted) return;
      const look = await lookAgain(client, path, window, signal);
      if (signal.aborted) return;
      window = look.window;
      yield look;
    }
  } finally {
    stop.abort();
  }
}

/** Nothing more comes of it by itself: it is over, or waits for a person who has not answered yet. */
export const hasEnded = ({ phase, held, request }: Window): boolean =>
  phase === 'done' && !(held && request?.kind === 'end');

async function lookAgain(client: Client, path: string, last: Window, signal: AbortSignal): Promise<Look> {
  const window = await client.get<Window>(path, {}, signal).catch(unlessLeft(signal));
  if (window) return { window, trouble: null };
  return { window: last, trouble: `no answer from ${client.url}: waiting for it` };
}
