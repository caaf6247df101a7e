import type { Window } from '../../model/window.js';
import type { Style } from './style.js';
import { table } from './table.js';
import { when } from './text.js';
import { stateText } from './window.js';

export function windowsTable(windows: Window[], now: number, style: Style): string {
  const columns = [
    { title: 'window', value: (window: Window) => window.id },
    { title: 'app', value: (window: Window) => window.app },
    { title: 'release', value: (window: Window) => `${window.previousRelease ?? '-'} → ${window.release}` },
    {
      title: 'state',
      text: true,
      value: (window: Window) => stateText(window, style) + whoseTurn(window, style),
    },
    { title: 'start', value: (window: Window) => when(window.startsAt, now) },
    { title: 'reason', text: true, value: (window: Window) => window.reason },
  ];
  return table(windows, columns, style, 'no window yet: slackwater deploy');
}

/** It waits for a person, who has not answered yet. */
export const waits = ({ held, request }: Window): boolean => held !== null && request?.kind !== 'end';

/** A window that is held is not over, unless somebody has released it: whether a person is asked for is what a list is read for at night. */
function whoseTurn(window: Window, style: Style): string {
  if (window.outcome !== 'held') return '';
  if (waits(window)) return style.yellow(', waits for a choice');
  return style.dim(window.held ? `, asked to ${window.request?.choice}` : ', released');
}
