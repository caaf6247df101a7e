import type { Blocker } from '../model/intent.js';
import { canStop, estimateOf } from './estimate.js';
import type { HeldRun } from './held-run.js';
import type { Pace } from './pace.js';

const MOST = 20;

/** Of the running runs those that will probably take longest to stop. */
export function blockersOf(runs: Iterable<HeldRun>, pace: Pace, now: number): Blocker[] {
  const blockers: Blocker[] = [];
  for (const run of runs) {
    if (run.state !== 'running' || run.ahead) continue;
    blockers.push({
      run: run.claimed.runId,
      job: run.job,
      lastCheckpointAt: run.savedAt === null ? null : new Date(run.savedAt).toISOString(),
      stoppable: canStop(run, pace),
      estimateMs: estimateOf(run, pace, now).leftMs,
    });
  }
  return blockers.sort(worstFirst).slice(0, MOST);
}

/** First those that cannot stop, then the overdue and unknown, then the slowest. */
function worstFirst(a: Blocker, b: Blocker): number {
  if (a.stoppable !== b.stoppable) return a.stoppable ? 1 : -1;
  const [left, right] = [a, b].map(({ estimateMs }) => estimateMs ?? Number.MAX_SAFE_INTEGER) as [
    number,
    number,
  ];
  return right - left;
}
