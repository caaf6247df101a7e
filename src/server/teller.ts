import type { EventFeed } from '../api/event-feed.js';
import type { Logger } from '../platform/logger.js';
import type { Service } from '../platform/service.js';
import { listHosts } from '../store/hosts.js';
import type { Store } from '../store/redis.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import { tryWrite } from '../store/try-write.js';
import { lineOf } from './tell-events.js';

/** How often it is looked whether a host has fallen silent and whether Redis takes writes: nobody else may ask for hours. */
const LOOK_EVERY_MS = 5_000;

/** Tells in the log what others do, see `lineOf`; each server does. */
export function createTeller(store: Store, feed: EventFeed, logger: Logger, trouble: TroubleWatch): Service {
  const machines = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let end = () => {};

  async function look(): Promise<void> {
    try {
      await tryWrite(store.redis, store.keys);
      for (const { id, hostname } of await listHosts(store)) machines.set(id, hostname);
    } catch (error) {
      trouble.failed(error, 'hosts could not be looked for');
    }
  }

  return {
    async start() {
      end = await feed.subscribe({}, event => {
        const line = lineOf(event, machines);
        if (line) logger[line.level](line.text);
        if (event.type === 'host.left') machines.delete(String(event.host));
      });
      await look();
      timer = setInterval(() => void look(), LOOK_EVERY_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      end();
    },
  };
}
