import type { RunAddress, RunState } from '../model/run.js';
import type { Store } from '../store/redis.js';
import { ownRecord } from './run-record.js';

/** How a run ended; `null`: it has not. `gone`: it is not there (any more). */
export type RunEnd = Extract<RunState, 'completed' | 'failed' | 'parked' | 'cancelled'> | 'gone' | null;

/** How each of these runs ended, in one round trip for all. One that waits and was cancelled has ended: it never begins. */
export async function runEnds({ redis, keys }: Store, runs: RunAddress[]): Promise<RunEnd[]> {
  if (runs.length === 0) return [];
  const asked = redis.pipeline();
  for (const { queue, jobId } of runs) {
    asked.hmget(keys.job(queue, jobId), 'timestamp', 'finishedOn');
    asked.hexists(keys.job(queue, jobId), 'returnvalue');
    asked.hmget(keys.run(queue, jobId), 'outcome', 'cancel', 'startedAt', 'ofJob');
  }
  const answers = (await asked.exec()) ?? [];
  const answer = <T>(i: number): T => {
    const [error, value] = answers[i] ?? [];
    if (error) throw error;
    return value as T;
  };
  return runs.map((_, i) => endOf(answer(3 * i), answer(3 * i + 1), answer(3 * i + 2)));
}

function endOf(job: (string | null)[], hasResult: number, run: (string | null)[]): RunEnd {
  const [createdAt, finishedOn] = job;
  const [kept, cancelled, started, ofJob] = run;
  const { outcome, cancel, startedAt } = ownRecord(
    { outcome: kept, cancel: cancelled, startedAt: started, ofJob },
    createdAt,
  );
  if (!createdAt) return 'gone';
  if (!finishedOn) return cancel === '1' && !startedAt ? 'cancelled' : null;
  // Every completed job has a returned value, if only "null"; a failed one may have the reason of an earlier failure only.
  if (hasResult === 1) return 'completed';
  return outcome === 'parked' || outcome === 'cancelled' ? outcome : 'failed';
}

/** Whether these runs have ended, or are not there (any more). */
export const haveEnded = async (store: Store, runs: RunAddress[]): Promise<boolean[]> =>
  (await runEnds(store, runs)).map(end => end !== null);

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
