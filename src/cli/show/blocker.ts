import type { Blocker } from '../../model/intent.js';
import { formatDuration } from '../../platform/duration.js';

/** How long a drain would wait for a run, as far as is known; empty where nothing is. */
export function prospect({ stoppable, estimateMs }: Blocker): string {
  const about = estimateMs === null ? '' : `about ${formatDuration(estimateMs)}`;
  // Told by a host of before it knew, the field is not there.
  if (stoppable === false) return `cannot stop half-way: runs to its end${about && `, ${about}`}`;
  return about && `${about} to its next checkpoint`;
}
