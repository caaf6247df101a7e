import type { Blocker } from '../model/intent.js';
import type { HeldRun } from './held-run.js';
import type { Pace } from './pace.js';
import type { RunControl } from './run-control.js';

const MOST = 20;

/** ms until this run probably stops by itself (at its next save, or its end); `null` without history, and where it is overdue. */
function estimate(run: HeldRun, stoppable: boolean, pace: Pace, now: number): number | null {
  const usual = stoppable ? (run.usualSave ?? pace.usualSave(run.job)) : pace.usualEnd(run.job);
  if (usual === null) return null;
  const since = stoppable ? Math.max(run.savedAt ?? 0, run.startedAt) : run.startedAt;
  const left = Math.round(usual - (now - since));
  return left > 0 ? left : null;
}

/** The running runs that will probably take longest to stop. */
export function blockersOf(control: RunControl, pace: Pace, now: number): Blocker[] {
  const blockers: Blocker[] = [];
  for (const run of control.held.values()) {
    if (run.state !== 'running' || run.ahead) continue;
    const stoppable = control.pool?.jobs.get(run.job)?.checkpointVersion != null;
    blockers.push({
      run: run.claimed.runId,
      job: run.job,
      lastCheckpointAt: run.savedAt === null ? null : new Date(run.savedAt).toISOString(),
      stoppable,
      estimateMs: estimate(run, stoppable, pace, now),
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
