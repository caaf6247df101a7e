import { taskKey } from '../../model/task.js';
import type { Window } from '../../model/window.js';
import { prospect } from '../show/blocker.js';
import { sideBySide, watchText } from '../show/strategy.js';
import { outputLines, taskChange } from '../show/tasks.js';
import { arrived } from './frame.js';

/**
 * What has happened between two looks at a window, one line each: for logs and pipes. Phases that passed between the looks are told too.
 * @param before `null` at the first look.
 * @param at ms since the epoch
 */
export function changes(before: Window | null, now: Window, at = Date.now()): string[] {
  const lines: string[] = [];
  if (!before) {
    lines.push(
      `window ${now.id}: ${now.app} ${now.previousRelease ?? 'nothing'} → ${now.release} (${now.reason})`,
    );
  }
  for (const entry of now.phases.slice(before?.phases.length ?? 0)) {
    if (entry.phase !== 'done') lines.push(`${entry.phase}: ${entry.because}`);
  }
  lines.push(...agreed(before, now), ...turned(before, now), ...tasks(before, now, at));
  const was = before && arrived(before);
  const is = arrived(now);
  if (now.phase === 'draining' && is.all > 0 && (was?.here !== is.here || was?.all !== is.all)) {
    lines.push(`draining: ${is.here}/${is.all} at a checkpoint${slowest(now)}`);
  }
  const [wasBeside, isBeside] = [before ? sideBySide(before) : '', sideBySide(now)];
  if (isBeside && isBeside !== wasBeside) lines.push(`swapping: ${isBeside}`);
  if (isWorse(before, now)) lines.push(`watching: ${watchText(now)}`);
  if (now.drainDeadline && before?.drainDeadline && now.drainDeadline !== before.drainDeadline) {
    lines.push(`deadline moved to ${now.drainDeadline}`);
  }
  if (now.outcome && now.outcome !== before?.outcome)
    lines.push(`${now.outcome}${now.summary ? `: ${now.summary}` : ''}`);
  return lines;
}

function agreed(before: Window | null, now: Window): string[] {
  if (!now.requiresApproval || (before && before.approvedBy === now.approvedBy)) return [];
  return now.approvedBy === null
    ? [`waits for a second person: slackwater window approve ${now.id}`]
    : [`approved by ${now.approvedBy}`];
}

/** Side by side no phase is entered for it. */
const turned = (before: Window | null, { rollback, strategy }: Window): string[] =>
  rollback && !before?.rollback && strategy !== 'window' ? [`going back: ${rollback.because}`] : [];

/** Each change of a hook or a probe; where one went wrong, the end of what it wrote. */
function tasks(before: Window | null, now: Window, at: number): string[] {
  return now.tasks.flatMap(task => {
    const was = before?.tasks.find(each => taskKey(each) === taskKey(task));
    const line = taskChange(was, task, at);
    return line === null ? [] : [line, ...outputLines(task).map(text => `  │ ${text}`)];
  });
}

/** Each end would be a line too many. */
function isWorse(before: Window | null, now: Window): boolean {
  const [was, is] = [before?.watched?.new, now.watched?.new];
  if (!is || now.rollback) return false;
  return is.failed + is.crashes + is.parked > (was ? was.failed + was.crashes + was.parked : 0);
}

function slowest({ blockers }: Window): string {
  const [first] = [...blockers].sort((a, b) => (b.estimateMs ?? Infinity) - (a.estimateMs ?? Infinity));
  if (!first) return '';
  const known = prospect(first);
  return ` (waiting for ${first.job} ${first.run}${known && `: ${known}`})`;
}
