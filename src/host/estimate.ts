import { SLOW_MS } from '../model/intent.js';
import type { HeldRun } from './held-run.js';
import type { Pace } from './pace.js';

/** How far a run may be beyond what is usual before it counts as overdue, ms: machines have bad moments. */
const SLACK_MS = 1_000;
/** A run that was watched for so many of its job's usual gaps is known by itself. */
const KNOWN_AFTER = 3;

/** When a running run would stop. Both in ms; `null`: unknown, or overdue. */
export interface Estimate {
  /** From now on. */
  leftMs: number | null;
  /** From any moment on, at most. */
  withinMs: number | null;
}

/** A run that needs so many times what the quick ones need is slow, whatever the machine. */
const TIMES_SLOWER = 4;
/** So many of thousands tell what the quick ones need. */
const SAMPLE = 100;

const UNKNOWN: Estimate = { leftMs: null, withinMs: null };

/** Its job has a checkpoint, or has been seen to have other places where it can stop half-way (`ctx.each`, steps). */
export const canStop = (run: HeldRun, pace: Pace): boolean =>
  run.definition?.checkpointVersion != null || pace.usualGap(run.job) !== null;

export function estimateOf(run: HeldRun, pace: Pace, now: number): Estimate {
  return canStop(run, pace) ? untilChance(run, pace, now) : untilEnd(run, pace, now);
}

/** What the quick ones among these runs need, ms: the twentieth part of them needs no longer. On a busy machine that is much for all. */
export function quickOf(running: HeldRun[], pace: Pace, now: number): number {
  const every = Math.ceil(running.length / SAMPLE);
  const within = running
    .filter((_, i) => i % every === 0)
    .map(run => estimateOf(run, pace, now).withinMs)
    .filter(ms => ms !== null)
    .sort((a, b) => a - b);
  return within[Math.floor(within.length / 20)] ?? 0;
}

/** Whether others need not stop before it has come in: it needs long, and much longer than the quick ones do. So does one of which nobody knows. */
export const isSlow = ({ leftMs, withinMs }: Estimate, quickMs: number): boolean =>
  leftMs === null || withinMs! > Math.max(SLOW_MS, TIMES_SLOWER * quickMs);

function untilChance(run: HeldRun, pace: Pace, now: number): Estimate {
  const within = gapOf(run, pace);
  if (within === null) return UNKNOWN;
  const { wordEveryMs, heardAt } = run.stride;
  const silent = now - heardAt;
  // Saves are throttled: only of a run that is slower than that each chance is heard, and its silence tells how far it has come.
  const isHeard = within * 1.5 >= wordEveryMs;
  const usual = isHeard ? within * 1.25 : within + 2 * wordEveryMs;
  if (silent > usual + SLACK_MS) return UNKNOWN;
  return { leftMs: Math.ceil(isHeard ? Math.max(within - silent, within / 10) : within), withinMs: within };
}

/** Runs of one job may differ widely: one that has been watched for long enough is known by itself. */
function gapOf({ job, stride }: HeldRun, pace: Pace): number | null {
  const usual = pace.usualGap(job);
  if (stride.watchedMs === 0) return usual;
  const isKnown = stride.watchedMs >= KNOWN_AFTER * (usual ?? 0);
  return isKnown ? stride.longest : Math.max(stride.longest, usual ?? 0);
}

function untilEnd({ job, startedAt }: HeldRun, pace: Pace, now: number): Estimate {
  const usual = pace.usualEnd(job, now - startedAt);
  if (usual === null) return UNKNOWN;
  const left = Math.ceil(usual - (now - startedAt));
  return { leftMs: left, withinMs: left };
}
