import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { canonicalJson } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';
import {
  type Answer,
  endTurn,
  type Kept,
  renewTurn,
  type Turn,
  takeTurn,
  UNDER_WAY_MS,
} from '../store/turns.js';
import type { Api, ApiContext } from './context.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The `Idempotency-Key` of this request, where it came with one. */
    idempotencyKey?: string;
    turn?: Turn;
    /** Says that it is still under way. */
    renewal?: NodeJS.Timeout;
  }
}

/**
 * `Idempotency-Key` on every POST. The first request with a key does the work, and its success is kept for a day: the same request gets the
 * same answer, another one with that key a problem. A failure is not kept, so it may be tried again with the same key. One whose server dies under it lets
 * the key go within seconds.
 */
export function useIdempotency(api: Api, { store }: ApiContext): void {
  api.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'POST') return;
    const key = readKey(request);
    if (key === undefined) return;
    const mine = fingerprint(request);
    const taken = await takeTurn(store, key, mine);
    if ('kept' in taken) return answerAgain(reply, mine, taken.kept);
    request.idempotencyKey = key;
    const { turn } = taken;
    request.turn = turn;
    // Where Redis does not hear it, it does not hear of the work either.
    request.renewal = setInterval(() => void renewTurn(store, turn).catch(() => {}), UNDER_WAY_MS / 4);
    return;
  });

  api.addHook('onSend', async (request, reply, payload) => {
    const { turn } = request;
    if (turn === undefined) return payload;
    request.turn = undefined;
    clearInterval(request.renewal);
    const answer = reply.statusCode < 300 ? answerOf(reply, payload) : undefined;
    // When Redis has gone away the answer stands all the same; the turn runs out by itself.
    await endTurn(store, turn, answer).catch(() => {});
    return payload;
  });
}

function answerOf(reply: FastifyReply, payload: unknown): Answer {
  const headers: Record<string, string> = {};
  for (const name of ['content-type', 'location', 'etag']) {
    const value = reply.getHeader(name);
    if (typeof value === 'string') headers[name] = value;
  }
  return { status: reply.statusCode, body: String(payload ?? ''), headers };
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

function answerAgain(reply: FastifyReply, mine: string, kept: Kept): FastifyReply {
  if (kept.request !== mine)
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
