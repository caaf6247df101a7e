import { decodeState } from '../model/state-codec.js';
import { SlackwaterError } from '../platform/errors.js';
import type { Store } from '../store/redis.js';
import { runIdOf } from './run-id.js';
import { findRun } from './runs.js';

/** A saved position for people to read. Its exact form, with which a run goes on, stays in the store. */
export interface ReadableCheckpoint {
  run: string;
  job: string;
  version: number | null;
  bytes: number;
  savedAt: string;
  count: number;
  /** The author's state: dates as ISO 8601, maps as objects or pairs, sets as arrays, big integers as text. */
  state: unknown;
  /** Positions of `ctx.each` and `ctx.sleep`. */
  cursors: unknown;
}

/** @throws SlackwaterError `not-found` for an unknown run, and for one that has saved nothing (any more). */
export async function runCheckpoint(store: Store, id: string): Promise<ReadableCheckpoint> {
  const { queue, jobId } = await findRun(store, id);
  const { redis, keys } = store;
  const [fields, job] = await Promise.all([
    redis.hmget(keys.run(queue, jobId), 'state', 'cursors', 'version', 'bytes', 'savedAt', 'count', 'ofJob'),
    redis.hmget(keys.job(queue, jobId), 'name', 'timestamp'),
  ]);
  const [state, cursors, version, bytes, savedAt, count, ofJob] = fields;
  const [name, timestamp] = job;
  const isOwn = !ofJob || ofJob === timestamp;
  if (!isOwn || !savedAt || (!state && !cursors))
    throw new SlackwaterError(
      'not-found',
      `run ${id} has no checkpoint: it has saved none yet, or has ended`,
    );
  return {
    run: runIdOf(queue, jobId),
    job: name ?? '',
    version: version ? Number(version) : null,
    bytes: Number(bytes ?? 0),
    savedAt: new Date(Number(savedAt)).toISOString(),
    count: Number(count ?? 0),
    state: state ? readable(decodeState(state)) : null,
    cursors: cursors ? readable(decodeState(cursors)) : null,
  };
}

/** What JSON cannot say, as something that it can. */
function readable(value: unknown, around: object[] = []): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (around.includes(value)) return '[circular]';
  const inside = (item: unknown) => readable(item, [...around, value]);
  if (Array.isArray(value)) return value.map(inside);
  if (value instanceof Set) return [...value].map(inside);
  if (value instanceof Map) {
    const pairs = [...value].map(([key, item]) => [key, inside(item)] as const);
    return pairs.every(([key]) => typeof key === 'string')
      ? Object.fromEntries(pairs)
      : pairs.map(([key, item]) => [inside(key), item]);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inside(item)]));
}
