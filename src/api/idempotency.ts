import { createHash, randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { canonicalJson } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';
import type { Api, ApiContext } from './context.js';

const KEPT_S = 24 * 3_600;
/** A request that is longer under way than this has died with its server. */
const UNDER_WAY_S = 60;

interface Answer {
  status: number;
  body: string;
  headers: Record<string, string>;
}
interface Kept {
  request: string;
  /** While under way: whose turn it is. */
  turn?: string;
  answer?: Answer;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The `Idempotency-Key` of this request, where it came with one. */
    idempotencyKey?: string;
    turn?: string;
  }
}

/**
 * `Idempotency-Key` on every POST. The first request with a key does the work, and its success is kept for a day: the same request gets the
 * same answer, another one with that key a problem. A failure is not kept, so it may be tried again with the same key.
 */
export function useIdempotency(api: Api, { store }: ApiContext): void {
  api.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'POST') return;
    const key = readKey(request);
    if (key === undefined) return;
    const turn = randomUUID();
    const mine: Kept = { request: fingerprint(request), turn };
    const redisKey = store.keys.idempotency(key);
    const first = await store.redis.set(redisKey, JSON.stringify(mine), 'EX', UNDER_WAY_S, 'NX');
    if (first !== null) {
      request.idempotencyKey = key;
      request.turn = turn;
      return;
    }
    const kept = JSON.parse((await store.redis.get(redisKey)) ?? '{}') as Partial<Kept>;
    return answerAgain(reply, mine, kept);
  });

  api.addHook('onSend', async (request, reply, payload) => {
    const { turn, idempotencyKey } = request;
    if (turn === undefined || idempotencyKey === undefined) return payload;
    request.turn = undefined;
    const key = store.keys.idempotency(idempotencyKey);
    // When Redis has gone away the answer stands all the same; the turn runs out by itself.
    await (reply.statusCode < 300 ? keep(key, request, reply, payload) : store.redis.del(key)).catch(
      () => {},
    );
    return payload;
  });

  async function keep(
    key: string,
    request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
  ): Promise<void> {
    const headers: Record<string, string> = {};
    for (const name of ['content-type', 'location', 'etag']) {
      const value = reply.getHeader(name);
      if (typeof value === 'string') headers[name] = value;
    }
    const answer: Answer = { status: reply.statusCode, body: String(payload ?? ''), headers };
    await store.redis.set(
      key,
      JSON.stringify({ request: fingerprint(request), answer } satisfies Kept),
      'EX',
      KEPT_S,
    );
  }
}

function readKey({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new SlackwaterError(
    'bad-request',
    'Idempotency-Key must be 1 to 255 visible ASCII characters, such as a UUID',
  );
}

/** Which request it is: path and body, however the body was spelled. */
function fingerprint({ method, url, body }: FastifyRequest): string {
  return createHash('sha256')
    .update(`${method} ${url}\n${canonicalJson(body ?? null)}`)
    .digest('hex');
}

function answerAgain(reply: FastifyReply, mine: Kept, kept: Partial<Kept>): FastifyReply {
  if (kept.request !== undefined && kept.request !== mine.request)
    throw new SlackwaterError(
      'key-reused',
      'this Idempotency-Key came with another request before: use a new key for a new request',
    );
  if (!kept.answer)
    throw new SlackwaterError(
      'conflict',
      'the first request with this Idempotency-Key is still under way: try again in a second',
    );
  return reply
    .code(kept.answer.status)
    .headers({ ...kept.answer.headers, 'idempotency-replayed': 'true' })
    .serializer((text: string) => text)
    .send(kept.answer.body);
}
