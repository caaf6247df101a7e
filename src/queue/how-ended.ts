import type { RunState } from '../model/run.js';
import type { Store } from '../store/redis.js';
import type { RunAddress } from '../store/run-requests.js';

/** How a run ended; `null`: it has not. `gone`: it is not there (any more). */
export type RunEnd = Extract<RunState, 'completed' | 'failed' | 'parked' | 'cancelled'> | 'gone' | null;

/** How each of these runs ended, in one round trip for each queue. One that waits and was cancelled has ended: it never begins. */
export async function runEnds(store: Store, runs: RunAddress[]): Promise<RunEnd[]> {
  const ends = new Map<RunAddress, RunEnd>();
  for (const queue of new Set(runs.map(run => run.queue))) {
    const those = runs.filter(run => run.queue === queue);
    const asked = store.redis.pipeline();
    for (const { jobId } of those) {
      asked.hmget(store.keys.job(queue, jobId), 'timestamp', 'finishedOn', 'returnvalue');
      asked.hmget(store.keys.run(queue, jobId), 'outcome', 'cancel', 'startedAt');
    }
    const answers = (await asked.exec()) ?? [];
    const fields = (i: number): (string | null)[] => {
      const [error, values] = answers[i] ?? [];
      if (error) throw error;
      return (values ?? []) as (string | null)[];
    };
    for (const [i, run] of those.entries()) ends.set(run, endOf(fields(2 * i), fields(2 * i + 1)));
  }
  return runs.map(run => ends.get(run) ?? null);
}

function endOf(job: (string | null)[], run: (string | null)[]): RunEnd {
  const [createdAt, finishedOn, returned] = job;
  const [outcome, cancel, startedAt] = run;
  if (!createdAt) return 'gone';
  if (!finishedOn) return cancel === '1' && !startedAt ? 'cancelled' : null;
  // Every completed job has a returned value, if only "null"; a failed one may have the reason of an earlier failure only.
  if (returned !== null && returned !== undefined) return 'completed';
  return outcome === 'parked' || outcome === 'cancelled' ? outcome : 'failed';
}

/** Which of these runs are there, ended or not. */
export async function knownRuns(store: Store, queue: string, ids: string[]): Promise<Set<string>> {
  const known = new Set<string>();
  for (let i = 0; i < ids.length; i += 1_000) {
    const some = ids.slice(i, i + 1_000);
    const asked = store.redis.pipeline();
    for (const id of some) asked.exists(store.keys.job(queue, id));
    const answers = (await asked.exec()) ?? [];
    for (const [k, id] of some.entries()) if (answers[k]?.[1] === 1) known.add(id);
  }
  return known;
}
