import type { Window } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import { isHeldClosed } from '../../window/direction.js';
import type { Style } from './style.js';
import { when } from './text.js';

/** Why a window waits for a person, what that person may choose, and the command for each choice. */
export function heldLines(window: Window, now: number, style: Style): string[] {
  const { held, request } = window;
  if (!held) return [];
  const intake = isHeldClosed(window) ? 'intake is held meanwhile' : 'intake is open meanwhile';
  if (request?.kind === 'end')
    return [`  ${style.yellow(style.bold('held'))}  ${request.choice}, decided by ${request.by}`];
  return [
    `  ${style.yellow(style.bold('held'))}  ${held.reason}`,
    style.dim(
      `  since ${when(held.since, now)} while ${held.phase} · ${intake}; with no server alive for ${formatDuration(Date.parse(held.until) - now)} more`,
    ),
    '',
    ...held.choices.flatMap(({ choice, does }) => [
      `  ${style.bold(choice)}: ${does}`,
      `    slackwater window end ${window.id} --choice ${choice}`,
    ]),
  ];
}
