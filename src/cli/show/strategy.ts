import type { RunRecord } from '../../model/intent.js';
import type { Watched, Window } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import { percent, plural } from './text.js';

/** How the code is changed, in words; `null` for the full stop, which is what a window is. */
export function strategyText({ strategy, rolling, canary }: Window): string | null {
  if (strategy === 'window') return null;
  if (canary)
    return `canary: ${canary.steps.map(percent).join(' → ')} of new runs, ${formatDuration(canary.stepMs)} each, then all hosts`;
  if (!rolling) return strategy;
  const pause = rolling.pauseMs > 0 ? `, ${formatDuration(rolling.pauseMs)} between` : '';
  return `rolling: ${plural(rolling.batch, 'host')} at once${pause}`;
}

/** How far two releases that run side by side have come; empty where only one runs. */
export function sideBySide({ strategy, phase, moved, share, hosts, rollback }: Window): string {
  if (strategy === 'window' || phase !== 'swapping') return '';
  if (rollback) return 'all hosts go back';
  if (moved.length === 0 && share > 0) return `${percent(share)} of new runs start on the new release`;
  // One that has moved may be gone by now.
  const here = hosts.filter(({ id }) => moved.includes(id));
  return `${here.length} of ${plural(hosts.length, 'host')} moved`;
}

/** What a watch has seen so far, and what is allowed; empty before it has begun. */
export function watchText({ watch, watched }: Window): string {
  if (!watch || !watched) return '';
  const { completed, failed, crashes, parked } = watched.new;
  const ends = completed + failed;
  const allowed =
    ends < watch.minRuns ? `judged from ${watch.minRuns} on` : `${percent(watch.maxFailureRate)} allowed`;
  const before = failedShare(watched.old);
  return [
    `${failed} of ${plural(ends, 'end')} failed (${allowed}${before === null ? '' : `, ${percent(before)} before`})`,
    `${crashes}/${watch.maxCrashes} crashes`,
    `${parked}/${watch.maxParked} parked`,
  ].join(' · ');
}

/** Fewer runs ended on the new release than the watch needs to judge by their failure rate. */
export const isUnjudged = ({ new: { completed, failed } }: Watched, minRuns: number): boolean =>
  completed + failed < minRuns;

/** Of those that ended; `null` where none did. */
function failedShare({ completed, failed }: RunRecord): number | null {
  return completed + failed === 0 ? null : failed / (completed + failed);
}
