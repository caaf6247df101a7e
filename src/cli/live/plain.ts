import { taskKey } from '../../model/task.js';
import type { Asking, Window } from '../../model/window.js';
import { askingText } from '../show/askings.js';
import { prospect } from '../show/blocker.js';
import { sideBySide, watchText } from '../show/strategy.js';
import { outputLines, taskChange } from '../show/tasks.js';
import { arrived } from './frame.js';

/** What was told of a window, with the time by which lines are put in order, ms since the epoch. */
interface Told {
  at: number;
  lines: string[];
}

/**
 * What has happened between two looks at a window, one line each, in the order in which it happened: for logs and pipes. Phases that passed between
 * the looks are told too, and what is still under way comes last.
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
  // At the same time: what ended made the next phase begin, and that what begins in it. The sort is stable.
  const { ended, begun } = tasks(before, now, at);
  const told = [...asked(before, now), ...ended, ...entered(before, now), ...turned(before, now), ...begun];
  lines.push(...told.sort((a, b) => a.at - b.at).flatMap(each => each.lines));
  if (now.requiresApproval && now.approvedBy === null && !before)
    lines.push(`waits for a second person: slackwater window approve ${now.id}`);
  const was = before && arrived(before);
  const is = arrived(now);
  if (now.phase === 'draining' && is.all > 0 && (was?.here !== is.here || was?.all !== is.all)) {
    lines.push(`draining: ${is.here}/${is.all} at a checkpoint${slowest(now)}`);
  }
  const [wasBeside, isBeside] = [before ? sideBySide(before) : '', sideBySide(now)];
  if (isBeside && isBeside !== wasBeside) lines.push(`swapping: ${isBeside}`);
  if (isWorse(before, now)) lines.push(`new release: ${watchText(now)}`);
  if (now.drainDeadline && before?.drainDeadline && now.drainDeadline !== before.drainDeadline) {
    lines.push(`deadline moved to ${now.drainDeadline}: ${whyMoved(before, now)}`);
  }
  if (now.outcome && now.outcome !== before?.outcome)
    lines.push(`${now.outcome}${now.summary ? `: ${now.summary}` : ''}`);
  return lines;
}

function newAskings(before: Window | null, { askings }: Window): Asking[] {
  // Of many only the last are kept, so the number says nothing.
  const last = before?.askings.at(-1)?.at ?? '';
  return askings.filter(({ at }) => at > last);
}

const asked = (before: Window | null, now: Window): Told[] =>
  newAskings(before, now).map(each => ({ at: Date.parse(each.at), lines: [askingText(each)] }));

/** By whom, or by which rule. */
function whyMoved(before: Window, now: Window): string {
  if (now.rollback && !before.rollback) return 'the way back has a drain timeout of its own';
  if (now.forced && !before.forced)
    return 'it had passed, and until then what has not stopped is stopped by force (--on-timeout force)';
  const extensions = newAskings(before, now).filter(({ kind }) => kind === 'extend');
  return extensions.map(askingText).join(', ') || 'the window was extended';
}

function entered(before: Window | null, now: Window): Told[] {
  return now.phases
    .slice(before?.phases.length ?? 0)
    .filter(({ phase }) => phase !== 'done')
    .map(({ phase, at, because }) => ({ at: Date.parse(at), lines: [`${phase}: ${because}`] }));
}

/** Side by side no phase need be entered for it. */
function turned(before: Window | null, { rollback, phases }: Window): Told[] {
  const isTold = phases.slice(before?.phases.length ?? 0).some(({ at }) => at === rollback?.at);
  if (!rollback || before?.rollback || isTold) return [];
  return [{ at: Date.parse(rollback.at), lines: [`going back: ${rollback.because}`] }];
}

/** Each change of a hook or a probe; where one went wrong, the end of what it wrote. */
function tasks(before: Window | null, now: Window, at: number): { ended: Told[]; begun: Told[] } {
  const told = now.tasks.flatMap(task => {
    const was = before?.tasks.find(each => taskKey(each) === taskKey(task));
    const line = taskChange(was, task, at);
    const time = task.state === 'running' ? task.startedAt : task.endedAt;
    const lines = [line ?? '', ...outputLines(task).map(text => `  │ ${text}`)];
    return line === null
      ? []
      : [{ at: time === null ? at : Date.parse(time), lines, begun: task.state === 'running' }];
  });
  return { ended: told.filter(({ begun }) => !begun), begun: told.filter(({ begun }) => begun) };
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
