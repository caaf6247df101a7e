import type { Blocker } from '../model/intent.js';
import type { Pace } from './pace.js';
import type { RunControl } from './run-control.js';

const MOST = 20;

/** The running runs that will probably take longest to stop, the unknown ones first. */
export function blockersOf(control: RunControl, pace: Pace, now: number): Blocker[] {
  const blockers: Blocker[] = [];
  for (const run of control.held.values()) {
    if (run.state !== 'running') continue;
    const stoppable = control.pool?.jobs.get(run.job)?.checkpointVersion != null;
    blockers.push({
      run: run.claimed.runId,
      job: run.job,
      lastCheckpointAt: run.savedAt === null ? null : new Date(run.savedAt).toISOString(),
      estimateMs: pace.estimate(run.job, stoppable, now, run.startedAt, run.savedAt),
    });
  }
  const weight = (blocker: Blocker) => blocker.estimateMs ?? Number.POSITIVE_INFINITY;
  return blockers.sort((a, b) => (weight(a) === weight(b) ? 0 : weight(b) - weight(a))).slice(0, MOST);
}
