import type { Asking } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';

/** What somebody asked of a window, or did to it: `abort asked by ann`. */
export function askingText({ kind, by, choice, byMs }: Asking): string {
  if (kind === 'approve') return `approved by ${by}`;
  if (kind === 'extend') return `extended${byMs === undefined ? '' : ` by ${formatDuration(byMs)}`} by ${by}`;
  return choice === undefined ? `${kind} asked by ${by}` : `${choice} chosen by ${by}`;
}

/** Who declared a window, and what was asked of it since. */
export const whoText = (createdBy: string, askings: Asking[]): string =>
  [createdBy, ...askings.map(askingText)].join(' · ');
