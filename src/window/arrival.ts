import { type Blocker, SLOW_MS } from '../model/intent.js';

/** Kept free before the drain deadline for those that compute on till then: a tenth of what is left, within these bounds. */
const SPARE_LEAST_MS = 2_000;
const SPARE_MOST_MS = 30_000;

const isSlow = ({ slow, estimateMs }: Blocker): boolean =>
  slow ?? (estimateMs === null || estimateMs > SLOW_MS);

/**
 * When the slow runs will have come in, so that the others may compute on until then. One that nobody can tell of (unknown, overdue) may take until shortly before the
 * deadline: meanwhile everybody else works, and the gate closes as soon as it is in. May be asked again while runs come in: the answer then moves nearer.
 * @param blockers the worst of every host. @param running all runs that compute. @param now and the deadline: ms since the epoch.
 * @returns ms since the epoch; `null`: ask all at once, since nothing is known of any run, none is slow, none is fast, or there is no time for it.
 */
export function arrivalOf(
  blockers: Blocker[],
  running: number,
  now: number,
  drainDeadline: number,
): number | null {
  const slow = blockers.filter(isSlow);
  if (slow.length === 0 || slow.length >= running) return null;
  if (blockers.every(({ estimateMs }) => estimateMs === null)) return null;
  const left = drainDeadline - now;
  const latest = drainDeadline - Math.min(SPARE_MOST_MS, Math.max(SPARE_LEAST_MS, left / 10));
  if (latest - now <= SLOW_MS) return null;
  const slowest = Math.max(...slow.map(({ estimateMs }) => estimateMs ?? Number.POSITIVE_INFINITY));
  return Math.round(Math.min(latest, now + slowest));
}
