import { randomUUID } from 'node:crypto';
import { type Store, script } from './redis.js';

const takeScript = script<string | null>('take-turn', 1);
const endScript = script<number>('end-turn', 1);
const renewScript = script<number>('renew-turn', 1);

const KEPT_S = 24 * 3_600;
/** A request of which nothing was heard for so long has died with its server. */
export const UNDER_WAY_MS = 10_000;

export interface Answer {
  status: number;
  body: string;
  headers: Record<string, string>;
}

/** What is kept under an `Idempotency-Key`. */
export interface Kept {
  /** Which request came with it. */
  request: string;
  /** Missing while that request is under way. */
  answer?: Answer;
}

/** The right to do the work of one key: nobody else with that key does it meanwhile. */
export interface Turn {
  key: string;
  request: string;
  /** As it stands in Redis, unlike any other. */
  held: string;
}

/** @returns the turn, or what is kept under this key already. */
export async function takeTurn(
  { redis, keys }: Store,
  key: string,
  request: string,
): Promise<{ turn: Turn } | { kept: Kept }> {
  const held = JSON.stringify({ request, turn: randomUUID() });
  const kept = await takeScript(redis, keys.idempotency(key), held, UNDER_WAY_MS);
  return kept === null ? { turn: { key, request, held } } : { kept: JSON.parse(kept) as Kept };
}

/** To be said more often than every `UNDER_WAY_MS`, as long as the request is under way. @returns whether the turn is still ours. */
export async function renewTurn({ redis, keys }: Store, { key, held }: Turn): Promise<boolean> {
  return (await renewScript(redis, keys.idempotency(key), held, UNDER_WAY_MS)) === 1;
}

/**
 * Keeps the answer for a day; without one the key is free again. Changes nothing where the turn ran out and is another's by now.
 * @returns whether it was still ours.
 */
export async function endTurn(
  { redis, keys }: Store,
  { key, request, held }: Turn,
  answer?: Answer,
): Promise<boolean> {
  const kept = answer ? JSON.stringify({ request, answer } satisfies Kept) : '';
  return (await endScript(redis, keys.idempotency(key), held, kept, KEPT_S)) === 1;
}
