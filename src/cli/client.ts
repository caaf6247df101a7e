import { randomUUID } from 'node:crypto';
import { SlackwaterError } from '../platform/errors.js';
import { dataOf, problemOf } from './answers.js';
import { readEvents, type ServerEvent } from './server-events.js';

interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

interface EventOptions {
  signal: AbortSignal;
  lastEventId?: string | undefined;
  /** The stream is open: from here on nothing is missed. */
  onOpen?: () => void;
}

interface PostOptions {
  query?: Query;
  idempotencyKey?: string;
}

type Query = Record<string, string | number | boolean | undefined>;

/** The server, as commands see it. Every answer that is no success is thrown as a SlackwaterError. */
export interface Client {
  readonly url: string;
  /** Rejects with the reason of `signal` when that is aborted. */
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
  bytes(path: string): Promise<Uint8Array>;
  /**
   * Said once more, with the same key, where the connection broke.
   * @param options `idempotencyKey`: give the same one to say the same thing twice; without it each call is new.
   */
  post<T>(path: string, body?: unknown, options?: PostOptions): Promise<T>;
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** The same with JSON. */
  set<T>(path: string, body: unknown): Promise<T>;
  remove(path: string): Promise<void>;
  /** All pages, from `query.cursor` on, at most `limit` items. */
  list<Item>(path: string, query?: Query, limit?: number): Promise<Item[]>;
  /** Server-sent events until the server or `signal` ends them. */
  events(path: string, options: EventOptions): AsyncGenerator<ServerEvent>;
}

export interface ClientOptions {
  url?: string | undefined;
  token?: string | undefined;
  /** Who asks, for the records of a server without tokens. */
  actor?: string | undefined;
}

const DEFAULT_URL = 'http://127.0.0.1:7070';

/** @throws SlackwaterError `bad-request` for a URL that is none. */
export function createClient({
  url,
  token = process.env.SLACKWATER_TOKEN,
  actor = process.env.SLACKWATER_ACTOR,
}: ClientOptions = {}): Client {
  const base = baseUrl(url ?? (process.env.SLACKWATER_URL || DEFAULT_URL));
  // A server may be given several, separated by commas; any of them lets us in.
  const first = token?.split(',')[0]?.trim();
  const identity: Record<string, string> = first
    ? { authorization: `Bearer ${first}` }
    : actor
      ? { 'x-slackwater-actor': actor }
      : {};

  async function call(
    method: string,
    path: string,
    init: Omit<RequestInit, 'signal'> & { query?: Query; signal?: AbortSignal | undefined } = {},
  ): Promise<Response> {
    const target = new URL(base + path);
    for (const [name, value] of Object.entries(init.query ?? {})) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const headers = { ...identity, ...(init.headers as Record<string, string>) };
    let response: Response;
    try {
      response = await fetch(target, { ...init, method, headers });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw unreachable(base, error);
    }
    if (!response.ok) throw problemOf(method, response, await readText(response, init.signal));
    return response;
  }
  const readText = (response: Response, signal?: AbortSignal): Promise<string> =>
    response.text().catch(error => {
      throw signal?.aborted ? error : unreachable(base, error);
    });
  const client: Client = {
    url: base,
    async get<T>(path: string, query?: Query, signal?: AbortSignal) {
      const response = await call('GET', path, { query, signal });
      return dataOf<T>('GET', response, await readText(response, signal));
    },
    async bytes(path) {
      const response = await call('GET', path);
      return new Uint8Array(await response.arrayBuffer());
    },
    async post<T>(path: string, body?: unknown, { query, idempotencyKey = randomUUID() }: PostOptions = {}) {
      const headers: Record<string, string> = { 'idempotency-key': idempotencyKey };
      if (body !== undefined) headers['content-type'] = 'application/json';
      const init = { query, headers, body: body === undefined ? undefined : JSON.stringify(body) };
      const say = async () => {
        const response = await call('POST', path, init);
        const text = await readText(response);
        return text ? dataOf<T>('POST', response, text) : (undefined as T);
      };
      // Whether the first was heard cannot be known; by its key the server knows the second for the same.
      return say().catch(error => {
        if (brokeOff(error)) return say();
        throw error;
      });
    },
    async put(path, bytes) {
      const headers = { 'content-type': 'application/octet-stream' };
      await call('PUT', path, { headers, body: bytes as Uint8Array<ArrayBuffer> });
    },
    async set<T>(path: string, body: unknown) {
      const headers = { 'content-type': 'application/json' };
      const response = await call('PUT', path, { headers, body: JSON.stringify(body) });
      return dataOf<T>('PUT', response, await readText(response));
    },
    async remove(path) {
      await call('DELETE', path);
    },
    async list<Item>(path: string, query: Query = {}, limit = Number.POSITIVE_INFINITY) {
      const items: Item[] = [];
      let cursor = query.cursor;
      do {
        const page: Page<Item> = await client.get(path, { ...query, cursor });
        items.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined && items.length < limit);
      return items.slice(0, limit);
    },
    async *events(path, { signal, lastEventId, onOpen }) {
      const headers: Record<string, string> = { accept: 'text/event-stream' };
      if (lastEventId) headers['last-event-id'] = lastEventId;
      const response = await call('GET', path, { headers, signal });
      onOpen?.();
      if (response.body) yield* readEvents(response.body);
    },
  };
  return client;
}

function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  throw new SlackwaterError(
    'bad-request',
    `${JSON.stringify(text)} is not a server's URL: write http://HOST:PORT`,
  );
}

function unreachable(url: string, error: unknown): SlackwaterError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return new SlackwaterError(
    'unavailable',
    `no answer from ${url} (${cause?.code ?? cause?.message ?? error}): start a server with "slackwater dev" or "slackwater serve", or set SLACKWATER_URL`,
    [],
    { cause: error },
  );
}

/** The connection was made and broke before the answer was whole, as when a server restarts or has just closed an idle one. */
function brokeOff(error: unknown): boolean {
  const { cause } = (error as { cause?: { cause?: { code?: string } } }).cause ?? {};
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(cause?.code ?? '');
}
