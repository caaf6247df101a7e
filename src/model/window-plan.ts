import type { Blocker, Refusal } from './intent.js';
import type { Fire, SchedulesDiff } from './schedule.js';

/** What a window would meet if it began now: the answer of `POST /v1/windows?dryRun=true`. */
export interface WindowPlan {
  app: string;
  release: string;
  previousRelease: string | null;
  startsAt: string;
  queues: string[];
  /** Runs that compute now, and those of them that a drain would wait for. */
  runs: { inFlight: number; blockers: Blocker[] };
  forecast: {
    /** The longest estimate to a next checkpoint or end; `null` without history. */
    drainMs: number | null;
    /** Learned from the runs of these jobs: within how long all would have stopped in one of two cases, and in 99 of 100; `null` where a job has no history. */
    p50Ms: number | null;
    p99Ms: number | null;
    /** For how long all others would compute on while slow runs come in; `null`: all would be asked at once. */
    comingInMs: number | null;
  };
  /** Those of schedules that it would hold if it took all its time: at most 500, and 20 of each schedule. */
  fires: Fire[];
  /** There are others; absent in the plan of an earlier Slackwater. */
  moreFires?: boolean;
  /** How the schedules of the app change with its release; absent in the plan of an earlier Slackwater. */
  schedules?: SchedulesDiff;
  /** Of workflow runs alone, which the manifest tells. States and payloads are read by the new code in `preparing`; no dry run can tell before. */
  refusals: Refusal[];
  /** What would refuse or delay it, as far as it can be seen from here, as sentences. */
  warnings: string[];
  /** Those of them for which it would be refused; empty: none is known. */
  refusedFor: string[];
  hosts: { id: string; release: string | null }[];
}
