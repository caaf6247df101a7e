import type { Window } from '../../model/window.js';
import { prospect } from '../show/blocker.js';
import { arrived } from './frame.js';

/**
 * What has happened between two looks at a window, one line each: for logs and pipes. Phases that passed between the looks are told too.
 * @param before `null` at the first look.
 */
export function changes(before: Window | null, now: Window): string[] {
  const lines: string[] = [];
  if (!before) {
    lines.push(
      `window ${now.id}: ${now.app} ${now.previousRelease ?? 'nothing'} → ${now.release} (${now.reason})`,
    );
  }
  for (const entry of now.phases.slice(before?.phases.length ?? 0)) {
    if (entry.phase !== 'done') lines.push(`${entry.phase}: ${entry.because}`);
  }
  const was = before && arrived(before);
  const is = arrived(now);
  if (now.phase === 'draining' && is.all > 0 && (was?.here !== is.here || was?.all !== is.all)) {
    lines.push(`draining: ${is.here}/${is.all} at a checkpoint${slowest(now)}`);
  }
  if (now.drainDeadline && before?.drainDeadline && now.drainDeadline !== before.drainDeadline) {
    lines.push(`deadline moved to ${now.drainDeadline}`);
  }
  if (now.outcome && !before?.outcome) lines.push(`${now.outcome}${now.summary ? `: ${now.summary}` : ''}`);
  return lines;
}

function slowest({ blockers }: Window): string {
  const [first] = [...blockers].sort((a, b) => (b.estimateMs ?? Infinity) - (a.estimateMs ?? Infinity));
  if (!first) return '';
  const known = prospect(first);
  return ` (waiting for ${first.job} ${first.run}${known && `: ${known}`})`;
}
