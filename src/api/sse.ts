import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventRecord } from '../model/event.js';
import { SlackwaterError } from '../platform/errors.js';
import type { EventFeed, EventFilter } from './event-feed.js';

const HEARTBEAT_MS = 15_000;
/** A client that reads slower than this piles up is cut off; it comes back with `Last-Event-ID` and misses nothing. */
const MOST_UNREAD_BYTES = 1024 * 1024;

/** The streams of one server, so that it can end them when it stops. */
export interface EventStreams {
  open(
    request: FastifyRequest,
    reply: FastifyReply,
    filter: EventFilter & { after?: string | undefined },
  ): Promise<void>;
  close(): void;
}

export function createEventStreams(feed: EventFeed): EventStreams {
  const open = new Set<() => void>();
  let closed = false;
  return {
    async open(request, reply, { after, ...filter }) {
      if (closed) throw new SlackwaterError('unavailable', 'this server is stopping: ask again');
      const from = resumeFrom(request, after);
      let unsubscribe = () => {};
      let heartbeat: NodeJS.Timeout | undefined;
      const end = () => {
        if (!open.delete(end)) return;
        clearInterval(heartbeat);
        unsubscribe();
        reply.raw.end();
      };
      // Read the past before the head is sent: a Redis that is away is still an honest 503.
      const early: EventRecord[] = [];
      let send = (event: EventRecord): void => {
        early.push(event);
      };
      unsubscribe = await feed.subscribe({ ...filter, after: from }, event => send(event));

      reply.hijack();
      open.add(end);
      reply.raw.on('close', end);
      reply.raw.on('error', end);
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        // A stream that ended must not keep a server that stops waiting for an idle connection.
        connection: 'close',
      });
      const write = (text: string) => {
        if (reply.raw.writableLength > MOST_UNREAD_BYTES) end();
        else if (!reply.raw.writableEnded) reply.raw.write(text);
      };
      send = event => write(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      write('retry: 1000\n\n');
      for (const event of early) send(event);
      heartbeat = setInterval(write, HEARTBEAT_MS, ': still here\n\n');
      heartbeat.unref();
      // It may have left while the past was read.
      if (request.raw.socket.destroyed) end();
    },
    close() {
      closed = true;
      for (const end of [...open]) end();
    },
  };
}

/** `Last-Event-ID` is what a browser sends when it comes back, so it goes before `?after=`. */
function resumeFrom(request: FastifyRequest, after: string | undefined): string | undefined {
  const header = request.headers['last-event-id'];
  const id = typeof header === 'string' && header !== '' ? header : after;
  if (id === undefined || /^\d{1,16}(-\d{1,16})?$/.test(id)) return id;
  throw new SlackwaterError(
    'bad-request',
    `${JSON.stringify(id.slice(0, 100))} is no event ID: give one that this stream sent, or "0"`,
    [{ pointer: '/after', detail: 'must be the id of an event, or "0" for all that are kept' }],
  );
}
