import type { Blocker } from '../model/intent.js';
import { canStop, type Estimate, estimateOf, isSlow, quickOf } from './estimate.js';
import type { HeldRun } from './held-run.js';
import type { Pace } from './pace.js';

const MOST = 20;

/** Of the running runs those that will probably take longest to stop. Looked for several times a second among thousands, so only what is told is put into words. */
export function blockersOf(runs: Iterable<HeldRun>, pace: Pace, now: number): Blocker[] {
  const running = [...runs].filter(run => run.state === 'running' && !run.ahead);
  const quickMs = quickOf(running, pace, now);
  const found: Found[] = [];
  for (const run of running) {
    const stoppable = canStop(run, pace);
    const estimate = estimateOf(run, pace, now);
    found.push({ run, stoppable, estimate, rank: rankOf(stoppable, estimate.leftMs) });
  }
  return found
    .sort((a, b) => b.rank - a.rank)
    .slice(0, MOST)
    .map(({ run, stoppable, estimate }) => ({
      run: run.claimed.runId,
      job: run.job,
      lastCheckpointAt: run.savedAt === null ? null : new Date(run.savedAt).toISOString(),
      stoppable,
      estimateMs: estimate.leftMs,
      slow: isSlow(estimate, quickMs),
    }));
}

interface Found {
  run: HeldRun;
  stoppable: boolean;
  estimate: Estimate;
  rank: number;
}

/** First those that cannot stop, then the overdue and unknown, then the slowest. */
const rankOf = (stoppable: boolean, leftMs: number | null): number =>
  (stoppable ? 0 : Number.MAX_SAFE_INTEGER) + (leftMs ?? Number.MAX_SAFE_INTEGER / 2);
