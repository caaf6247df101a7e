import type { Service } from '../platform/service.js';
import { connect, type Redis, type Store } from './redis.js';

/** A connection that only listens is silent when all is well, and when the other end is gone: it is asked now and then, ms. */
const ASK_EVERY_MS = 5_000;

export interface Listener {
  message(text: string): void;
  /** It listens (again): messages may have been missed meanwhile. */
  listening?(): void;
}

/** Listens on a channel, on a connection of its own. `start` resolves when it does. */
export function listen(store: Store, channel: string, listener: Listener): Service {
  let subscriber: Redis | undefined;
  let asking: NodeJS.Timeout | undefined;
  return {
    async start() {
      if (subscriber) return;
      const redis = connect(store.options, { autoResubscribe: false });
      subscriber = redis;
      redis.on('message', (_channel, text) => listener.message(text));
      await new Promise<void>(resolve => {
        redis.on('ready', () => {
          redis.subscribe(channel).then(
            () => {
              resolve();
              listener.listening?.();
            },
            // The connection went away in between: the next `ready` subscribes again.
            () => {},
          );
        });
        redis.once('end', resolve);
      });
      asking = setInterval(() => redis.ping().catch(() => {}), ASK_EVERY_MS);
      asking.unref();
    },
    async stop() {
      clearInterval(asking);
      subscriber?.disconnect();
      subscriber = undefined;
    },
  };
}
