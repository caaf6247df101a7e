import type { RunRecord } from '../model/intent.js';
import type { Store } from './redis.js';

/** How long the record of a release is kept after its last run ended, s. */
const KEPT_S = 30 * 24 * 3_600;

/** Counts ends of runs of a release. For statistics: what is counted twice or not at all after an outage harms nobody. */
export async function countEnds(
  { redis, keys }: Store,
  app: string,
  release: string,
  ends: RunRecord,
): Promise<void> {
  const key = keys.record(app, release);
  const pipeline = redis.pipeline();
  for (const [field, count] of Object.entries(ends)) if (count > 0) pipeline.hincrby(key, field, count);
  await pipeline.expire(key, KEPT_S).exec();
}

export async function readRecord(
  { redis, keys }: Store,
  app: string,
  release: string | null,
): Promise<RunRecord> {
  const fields = release === null ? {} : await redis.hgetall(keys.record(app, release));
  const of = (field: keyof RunRecord) => Number(fields[field] ?? 0);
  return { completed: of('completed'), failed: of('failed'), crashes: of('crashes'), parked: of('parked') };
}
