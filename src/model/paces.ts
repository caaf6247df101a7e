import { Histogram } from './histogram.js';

/** `checkpoint`: from one chance to yield to the next. `end`: from the start of a run to its end. */
export const PACE_KINDS = ['checkpoint', 'end'] as const;
export type PaceKind = (typeof PACE_KINDS)[number];

/** Learned times of a job. */
export type JobTimes = Record<PaceKind, Histogram>;
/** By the name of the job. */
export type Paces = Map<string, JobTimes>;

/** What one host has seen of one bucket. */
export interface PaceDelta {
  job: string;
  kind: PaceKind;
  bucket: number;
  weight: number;
}

/** Between two chances to yield at nine of ten moments, ms. A long step that is rare takes most of the time, and so counts most. */
export const usualGapOf = (times: JobTimes | undefined): number | null =>
  times?.checkpoint.byTime().quantile(0.9) ?? null;

/** How long nine of ten runs take that have gone on for `elapsed` ms already; `null`: none went on for longer. */
export const usualEndOf = (times: JobTimes | undefined, elapsed = 0): number | null =>
  times?.end.quantile(0.9, elapsed) ?? null;

export function timesIn(paces: Paces, job: string): JobTimes {
  let times = paces.get(job);
  if (!times) {
    times = { checkpoint: new Histogram(), end: new Histogram() };
    paces.set(job, times);
  }
  return times;
}
