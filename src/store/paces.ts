import { weightAt } from '../model/histogram.js';
import { PACE_KINDS, type PaceDelta, type PaceKind, type Paces, timesIn } from '../model/paces.js';
import { addFigures } from './figures.js';
import type { Store } from './redis.js';

/** What weighs less than a thousandth of one observation made now has not been seen for 300 days. */
const FORGOTTEN = 1 / 1_000;

/** Adds what a host has seen: sums of weights, so that any number of hosts may add in any order. @throws what Redis answers */
export async function addPaces(
  { redis, keys }: Store,
  app: string,
  deltas: readonly PaceDelta[],
): Promise<void> {
  const weights = deltas.map(
    ({ job, kind, bucket, weight }) => [`${job}|${kind}|${bucket}`, weight] as const,
  );
  await addFigures(redis, keys.paces(app), weights);
}

/** The learned times of all jobs of an app that hosts have run. @param now ms since the epoch: what has long not been seen is forgotten. */
export async function readPaces({ redis, keys }: Store, app: string, now: number): Promise<Paces> {
  const paces: Paces = new Map();
  const old: string[] = [];
  for (const [field, text] of Object.entries(await redis.hgetall(keys.paces(app)))) {
    const [job, kind, bucket] = field.split('|') as [string, PaceKind, string];
    const weight = Number(text);
    if (!PACE_KINDS.includes(kind) || !(weight >= FORGOTTEN * weightAt(now))) old.push(field);
    else timesIn(paces, job)[kind].add(Number(bucket), weight);
  }
  if (old.length > 0) await redis.hdel(keys.paces(app), ...old);
  return paces;
}
