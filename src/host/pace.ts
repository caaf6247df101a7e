import { bucketOf, weightAt } from '../model/histogram.js';
import type { ChanceReport } from '../model/messages.js';
import {
  type JobTimes,
  type PaceDelta,
  type PaceKind,
  type Paces,
  timesIn,
  usualEndOf,
  usualGapOf,
} from '../model/paces.js';

/** How long what was worked out of a histogram is used again, ms: thousands of runs ask at once. */
const FRESH_MS = 1_000;

/** Learned times of one app's jobs: what all hosts knew when it was last read, and what this one has seen since. */
export class Pace {
  #known: Paces = new Map();
  readonly #deltas = new Map<string, PaceDelta>();
  readonly #usual = new Map<string, { gap: number | null; until: number }>();

  constructor(private readonly now: () => number) {}

  /** A run told how often it could have yielded: one of the times is the longest, the others are taken as alike. */
  passed(job: string, { count, ms, longest }: ChanceReport): void {
    this.#saw(job, 'checkpoint', longest, 1);
    if (count > 1) this.#saw(job, 'checkpoint', (ms - longest) / (count - 1), count - 1);
  }

  /** A run took so long from its very beginning to its end. */
  ended(job: string, ms: number): void {
    this.#saw(job, 'end', ms, 1);
  }

  #saw(job: string, kind: PaceKind, ms: number, count: number): void {
    const bucket = bucketOf(ms);
    const weight = count * weightAt(this.now());
    timesIn(this.#known, job)[kind].add(bucket, weight);
    const key = `${job}|${kind}|${bucket}`;
    const delta = this.#deltas.get(key);
    if (delta) delta.weight += weight;
    else this.#deltas.set(key, { job, kind, bucket, weight });
  }

  timesOf(job: string): JobTimes | undefined {
    return this.#known.get(job);
  }

  /** See `usualGapOf`. */
  usualGap(job: string): number | null {
    const now = this.now();
    const kept = this.#usual.get(job);
    if (kept && now < kept.until) return kept.gap;
    const gap = usualGapOf(this.#known.get(job));
    this.#usual.set(job, { gap, until: now + FRESH_MS });
    return gap;
  }

  /** See `usualEndOf`. */
  usualEnd(job: string, elapsed: number): number | null {
    return usualEndOf(this.#known.get(job), elapsed);
  }

  /** What was seen since this was last called. Bounded by the number of jobs, however long it is not called. */
  takeDeltas(): PaceDelta[] {
    const deltas = [...this.#deltas.values()];
    this.#deltas.clear();
    return deltas;
  }

  /** What all hosts know by now takes the place of what was known here. */
  replace(known: Paces): void {
    this.#known = known;
    for (const { job, kind, bucket, weight } of this.#deltas.values())
      timesIn(known, job)[kind].add(bucket, weight);
    this.#usual.clear();
  }
}
