import type { Client } from '../client.js';
import type { ServerEvent } from '../server-events.js';

/** The net below the events: after so long a look is taken anyway. */
const LOOK_AGAIN = 1_000;

export interface News {
  /** Resolves at the next event of interest, at once if one came since the last call, and at the latest after `atMost` ms (a second). */
  next(atMost?: number): Promise<void>;
}

/**
 * Reads events for as long as `signal` allows; a stream that breaks is opened again where it was. Events wake, they are never the truth:
 * whoever is woken looks at the thing itself, so nothing depends on none being missed.
 */
export function listen(
  client: Client,
  path: string,
  signal: AbortSignal,
  onEvent: (event: ServerEvent) => boolean | undefined = () => true,
): News {
  let came = false;
  let wake = () => {};
  const tell = () => {
    came = true;
    wake();
  };
  signal.addEventListener('abort', tell, { once: true });
  void (async () => {
    let lastEventId: string | undefined;
    while (!signal.aborted) {
      try {
        for await (const event of client.events(path, { signal, lastEventId, onOpen: tell })) {
          lastEventId = event.id ?? lastEventId;
          if (onEvent(event)) tell();
        }
      } catch {
        // The server is away, or has no such stream: the look of every second goes on without it.
      }
      await pause(LOOK_AGAIN, signal);
    }
  })();
  return {
    async next(atMost = LOOK_AGAIN) {
      if (!came) await Promise.race([new Promise<void>(done => (wake = done)), pause(atMost, signal)]);
      came = false;
    },
  };
}

/** Waits; ends early, without a throw, when `signal` says so. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(done => {
    if (signal.aborted) return done();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
