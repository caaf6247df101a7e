import type { EventRecord } from '../model/event.js';
import type { Service } from '../platform/service.js';
import { followEvents, lastEventId, readEvents } from '../store/events.js';
import type { Store } from '../store/redis.js';

export interface EventFilter {
  app?: string | undefined;
  window?: string | undefined;
}

/** One reader of the event stream for all clients of this server. */
export interface EventFeed extends Service {
  /**
   * Calls `onEvent` with the kept events after `after` (default: none), then with each new one, in order and without a gap.
   * @returns the function that ends it
   */
  subscribe(
    filter: EventFilter & { after?: string | undefined },
    onEvent: (event: EventRecord) => void,
  ): Promise<() => void>;
}

export function createEventFeed(store: Store): EventFeed {
  const listeners = new Set<(event: EventRecord) => void>();
  const reader = followEvents(store, {}, event => {
    for (const listener of listeners) listener(event);
  });
  return {
    start: () => reader.start(),
    async stop() {
      listeners.clear();
      await reader.stop();
    },
    async subscribe({ after, ...filter }, onEvent) {
      const late: EventRecord[] = [];
      let last: string | null = null;
      // Our reader may be behind what was read as the past, and behind what this client has from another server.
      const tell = (event: EventRecord) => isLater(event.id, last!) && onEvent(event);
      const listener = (event: EventRecord) => {
        if (!fits(event, filter)) return;
        if (last === null) late.push(event);
        else tell(event);
      };
      listeners.add(listener);
      try {
        last = after === undefined ? await lastEventId(store) : await catchUp(after, filter, onEvent);
        for (const event of late) tell(event);
      } catch (error) {
        // Nobody has the function that would end it.
        listeners.delete(listener);
        throw error;
      }
      return () => listeners.delete(listener);
    },
  };

  /** @returns the ID of the last event that was read. */
  async function catchUp(after: string, filter: EventFilter, onEvent: (event: EventRecord) => void) {
    let last = after;
    for (;;) {
      const page = await readEvents(store, { ...filter, after: last, count: 500 });
      for (const event of page) onEvent(event);
      last = page.at(-1)?.id ?? last;
      if (page.length < 500) return last;
    }
  }
}

const fits = (event: EventRecord, { app, window }: EventFilter) =>
  (app === undefined || event.app === app) && (window === undefined || event.window === window);

/** IDs are `ms-n`, to be compared as numbers. */
function isLater(a: string, b: string): boolean {
  const [[ams, an], [bms, bn]] = [a, b].map(id => id.split('-').map(Number)) as [number[], number[]];
  return ams! > bms! || (ams === bms && an! > (bn ?? 0));
}
