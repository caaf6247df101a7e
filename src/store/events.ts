import type { EventRecord } from '../model/event.js';
import type { Service } from '../platform/service.js';
import { connect, type Redis, type Store, script } from './redis.js';

/** Events are for screens and logs, never a ledger: about 10,000 are kept, as the scripts that append them say. */
const appendScript = script<string>('append-event', 1);
const PAGE = 500;
const BLOCK_MS = 5_000;
const RETRY_MS = 200;

type Entry = [id: string, fields: string[]];

/** @returns the ID of the event, which rises. */
export async function appendEvent(
  store: Store,
  type: string,
  data: Record<string, unknown>,
): Promise<string> {
  return appendScript(store.redis, store.keys.events, type, JSON.stringify(data));
}

export interface EventFilter {
  app?: string;
  window?: string;
}

/** Events after the one named (all kept ones without), oldest first, at most `count` (100). */
export async function readEvents(
  store: Store,
  options: EventFilter & { after?: string; count?: number } = {},
): Promise<EventRecord[]> {
  const count = options.count ?? 100;
  const found: EventRecord[] = [];
  let after = options.after;
  while (found.length < count) {
    const from = after === undefined ? '-' : `(${after}`;
    const page = (await store.redis.xrange(store.keys.events, from, '+', 'COUNT', PAGE)) as Entry[];
    found.push(...page.map(toEvent).filter(event => matches(event, options)));
    if (page.length < PAGE) break;
    after = page.at(-1)![0];
  }
  return found.slice(0, count);
}

/** The ID of the newest event: what to follow from when the past does not matter. */
export async function lastEventId(store: Store): Promise<string> {
  const [entry] = (await store.redis.xrevrange(store.keys.events, '+', '-', 'COUNT', 1)) as Entry[];
  return entry?.[0] ?? '0-0';
}

/** Calls `onEvent` for each event after the one named (default: from now on), in order, on a connection of its own. */
export function followEvents(
  store: Store,
  options: EventFilter & { after?: string },
  onEvent: (event: EventRecord) => void,
): Service {
  let reader: Redis | undefined;

  async function follow(redis: Redis, from: string) {
    let after = from;
    while (reader === redis) {
      for (const entry of await read(redis, after)) {
        after = entry[0];
        const event = toEvent(entry);
        if (reader === redis && matches(event, options)) onEvent(event);
      }
    }
  }

  async function read(redis: Redis, after: string): Promise<Entry[]> {
    try {
      const streams = await redis.xread(
        'COUNT',
        PAGE,
        'BLOCK',
        BLOCK_MS,
        'STREAMS',
        store.keys.events,
        after,
      );
      return (streams?.[0]?.[1] ?? []) as Entry[];
    } catch {
      // Either `stop` closed the connection under this read, or Redis is in trouble (loading, a replica): look again in a moment.
      if (reader === redis) await new Promise(resolve => setTimeout(resolve, RETRY_MS));
      return [];
    }
  }

  return {
    async start() {
      if (reader) return;
      const redis = connect(store.options);
      reader = redis;
      const after = options.after ?? (await lastEventId(store));
      void follow(redis, after);
    },
    async stop() {
      const redis = reader;
      reader = undefined;
      // Not waited for: ioredis 6.0.0 never settles a read that was under way when Redis went away and the client is told to give up.
      redis?.disconnect();
    },
  };
}

function toEvent([id, fields]: Entry): EventRecord {
  const { type = '', data = '{}' } = Object.fromEntries(
    fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1]!]] : [])),
  ) as { type?: string; data?: string };
  return { ...JSON.parse(data), id, type, at: new Date(Number(id.split('-')[0])).toISOString() };
}

const matches = (event: EventRecord, { app, window }: EventFilter): boolean =>
  (app === undefined || event.app === app) && (window === undefined || event.window === window);
