import type { RunRecord } from '../../model/intent.js';
import type { Watch, Watched, Window } from '../../model/window.js';
import type { Facts } from '../facts.js';
import { count, percent } from './sentences.js';

/** What was counted between two looks at a record. */
export const since = (baseline: RunRecord, now: RunRecord): RunRecord => ({
  completed: Math.max(0, now.completed - baseline.completed),
  failed: Math.max(0, now.failed - baseline.failed),
  crashes: Math.max(0, now.crashes - baseline.crashes),
  parked: Math.max(0, now.parked - baseline.parked),
});

/** From now on ends count for the new release. */
export const startOfWatch = ({ records }: Facts): Watched => ({
  baseline: records.new,
  new: since(records.new, records.new),
  old: records.old,
});

export const endsOf = ({ completed, failed }: RunRecord): number => completed + failed;

/** Failed ends by all; `null` where nothing ended. */
export const failureRate = (record: RunRecord): number | null =>
  endsOf(record) === 0 ? null : record.failed / endsOf(record);

/** The figures brought up to date. */
export function watchedOf(window: Window, records: Facts['records']): Watched | null {
  if (!window.watched || window.rollback) return window.watched;
  const { baseline } = window.watched;
  return { baseline, new: since(baseline, records.new), old: records.old };
}

/** Why the new release is not good enough, as a sentence; `null`: nothing is known against it. */
export function whyBad(f: Facts): string | null {
  const { watch } = f.window;
  const seen = watchedOf(f.window, f.records);
  if (!watch || !seen) return null;
  const { crashes, parked } = seen.new;
  if (crashes > watch.maxCrashes)
    return `${count(crashes, 'worker')} died of their runs on the new release (${watch.maxCrashes} allowed)`;
  if (parked > watch.maxParked)
    return `${count(parked, 'run')} had to be parked on the new release (${watch.maxParked} allowed)`;
  const [now, before] = [failureRate(seen.new), failureRate(seen.old) ?? 0];
  if (now === null || endsOf(seen.new) < watch.minRuns || now <= watch.maxFailureRate || now <= before)
    return null;
  return `${percent(now)} of ${count(endsOf(seen.new), 'end')} failed on the new release (${percent(watch.maxFailureRate)} allowed; ${percent(before)} on the former one)`;
}

/** Why a watch could not judge by the rate, as the rest of a sentence; `null`: it could. */
export function tooFew({ minRuns }: Watch, { new: { completed, failed } }: Watched): string | null {
  const ends = completed + failed;
  if (ends >= minRuns) return null;
  const came = ends === 0 ? 'nothing ended on it' : `only ${ends} came, ${failed} of them failed`;
  return `could not judge the new release: it needs ${count(minRuns, 'end')}, and ${came}`;
}
