import type { RunRecord } from '../model/intent.js';
import { addFigures } from './figures.js';
import type { Store } from './redis.js';

/** How long the record of a release is kept after its last run ended, s. */
const KEPT_S = 30 * 24 * 3_600;

/**
 * Counts ends of runs of a release. Whoever is told that it failed counts them again: a watch that misses ends takes a bad release for a good one, while one
 * that hears of a few twice, as where only the answer was lost, sees about the same rate.
 * @throws what Redis answers
 */
export async function countEnds(
  { redis, keys }: Store,
  app: string,
  release: string,
  ends: RunRecord,
): Promise<void> {
  const counts = Object.entries(ends).filter(([, count]) => count > 0);
  await addFigures(redis, keys.record(app, release), counts, KEPT_S);
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
