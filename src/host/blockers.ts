import type { Blocker } from '../model/intent.js';
import type { HeldRun } from './held-run.js';
import type { Pace } from './pace.js';
import type { RunControl } from './run-control.js';

const MOST = 20;

/** ms until this run probably stops by itself (at its next save, or its end); `null` without history, and where it is overdue. */
function estimate(run: HeldRun, control: RunControl, pace: Pace, now: number): number | null {
  const stoppable = control.pool?.jobs.get(run.job)?.checkpointVersion != null;
  const usual = stoppable ? (run.usualSave ?? pace.usualSave(run.job)) : pace.usualEnd(run.job);
  if (usual === null) return null;
  const since = stoppable ? Math.max(run.savedAt ?? 0, run.startedAt) : run.startedAt;
  const left = Math.round(usual - (now - since));
  return left > 0 ? left : null;
}

/** The running runs that will probably take longest to stop, the unknown ones first. */
export function blockersOf(control: RunControl, pace: Pace, now: number): Blocker[] {
  const blockers: Blocker[] = [];
  for (const run of control.held.values()) {
    if (run.state !== 'running') continue;
    blockers.push({
      run: run.claimed.runId,
      job: run.job,
      lastCheckpointAt: run.savedAt === null ? null : new Date(run.savedAt).toISOString(),
      estimateMs: estimate(run, control, pace, now),
    });
  }
  const weight = (blocker: Blocker) => blocker.estimateMs ?? Number.POSITIVE_INFINITY;
  return blockers.sort((a, b) => (weight(a) === weight(b) ? 0 : weight(b) - weight(a))).slice(0, MOST);
}
