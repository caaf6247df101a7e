/** Four buckets an octave: a bound is at most 19 % above what is in its bucket. */
const PER_OCTAVE = 4;
/** The last one holds whatever is longer than about a year. */
const BUCKETS = 141;

const HALF_LIFE_MS = 30 * 24 * 3_600_000;
const LANDMARK = Date.UTC(2025, 0, 1);

/**
 * What an observation weighs that was made at `at` (ms since the epoch). The past does not fade, the present grows: so weights that several hosts add up, at any
 * time and in any order, are plain sums, and only their proportions count. Half a weight is what was seen 30 days earlier.
 */
export const weightAt = (at: number): number => 2 ** ((at - LANDMARK) / HALF_LIFE_MS);

/** Bucket 0 is what takes less than 1 ms. */
export const bucketOf = (ms: number): number =>
  ms < 1 ? 0 : Math.min(BUCKETS - 1, 1 + Math.floor(Math.log2(ms) * PER_OCTAVE));

const BOUNDS = Float64Array.from({ length: BUCKETS }, (_, bucket) => 2 ** (bucket / PER_OCTAVE));

/** Upper end of a bucket, ms. Looked up: hosts ask for all of them at every end of a run. */
export const boundOf = (bucket: number): number => BOUNDS[bucket]!;

/** How long something took, many times: weights of log-scaled buckets. Every answer is the upper bound of a bucket: rather too long than too short. */
export class Histogram {
  readonly #weights = new Float64Array(BUCKETS);
  #total = 0;

  get isEmpty(): boolean {
    return this.#total <= 0;
  }

  /** Adds to one bucket; one that does not exist is passed over. */
  add(bucket: number, weight: number): void {
    if (!(bucket >= 0 && bucket < BUCKETS && weight > 0)) return;
    this.#weights[bucket]! += weight;
    this.#total += weight;
  }

  merge(other: Histogram): void {
    for (const [bucket, weight] of other.#weights.entries()) this.add(bucket, weight);
  }

  /** @returns the time (ms) that a share `q` of those does not exceed which took longer than `beyond`; `null`: none did. */
  quantile(q: number, beyond = 0): number | null {
    let rest = 0;
    for (let i = BUCKETS - 1; i >= 0 && boundOf(i) > beyond; i--) rest += this.#weights[i]!;
    if (rest <= 0) return null;
    let longer = 0;
    let found = 0;
    for (let i = BUCKETS - 1; i >= 0 && longer <= rest * (1 - q) && boundOf(i) > beyond; i--) {
      if (this.#weights[i]! > 0) found = i;
      longer += this.#weights[i]!;
    }
    return boundOf(found);
  }

  /** As met at a moment chosen at random: what lasts longer is met more often, by as much as it lasts. */
  byTime(): Histogram {
    const met = new Histogram();
    for (const [bucket, weight] of this.#weights.entries()) met.add(bucket, weight * boundOf(bucket));
    return met;
  }

  /** @returns the share, 0 to 1, of moments from which on it is over within `ms`; 0 without history. */
  overWithin(ms: number): number {
    let over = 0;
    let all = 0;
    for (const [bucket, weight] of this.#weights.entries()) {
      over += weight * Math.min(ms, boundOf(bucket));
      all += weight * boundOf(bucket);
    }
    return all > 0 ? over / all : 0;
  }
}

/**
 * How long until all of several things are over that are met at some moment, ms.
 * @returns the time within which they are with probability `q`; `null` where one of them has no history.
 */
export function allOverWithin(things: { times: Histogram; count: number }[], q: number): number | null {
  if (things.some(({ times }) => times.isEmpty)) return null;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const ms = boundOf(bucket);
    const share = things.reduce((all, { times, count }) => all * times.overWithin(ms) ** count, 1);
    if (share >= q) return things.length === 0 ? 0 : ms;
  }
  return boundOf(BUCKETS - 1);
}
