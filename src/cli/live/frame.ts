import type { Blocker } from '../../model/intent.js';
import { isThere, type Phase, type PhaseEntry, type Window } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import { prospect } from '../show/blocker.js';
import { sideBySide, watchText } from '../show/strategy.js';
import { clip, padEnd, type Style } from '../show/style.js';
import { taskLines } from '../show/tasks.js';
import { bar, plural, when } from '../show/text.js';
import { type Stage, stagesOf } from './path.js';

const BLOCKERS_SHOWN = 6;
const SPINNER = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];

export interface FrameOptions {
  /** Ms since the epoch. */
  now: number;
  /** Columns of the terminal. */
  width: number;
  style: Style;
  /** Why the view may be behind, such as a server that does not answer. */
  trouble?: string | null;
}

/** A window under way, as the lines of one screen. Pure: the same window at the same time gives the same lines. */
export function frame(window: Window, options: FrameOptions): string[] {
  const { style, width } = options;
  const lines = [
    title(window, style),
    style.dim(`  ${window.reason} · ${window.id}`),
    '',
    ...(window.phase === 'scheduled'
      ? scheduledLines(window, options)
      : stagesOf(window).flatMap(stage => stageLines(stage, window, options))),
    ...(window.tasks.length > 0 ? ['', ...taskLines(window.tasks, options.now, style)] : []),
    ...blockerLines(window, options),
    '',
    ...footer(window, options),
  ];
  return lines.map(line => clip(line, width));
}

function title(window: Window, style: Style): string {
  const from = window.previousRelease ?? 'nothing';
  return `${style.bold('slackwater')}  ${window.app}  ${from} ${style.cyan('→')} ${style.bold(window.release)}`;
}

function scheduledLines(window: Window, { now, style }: FrameOptions): string[] {
  const { id, startsAt, requiresApproval, approvedBy } = window;
  const starts = `  starts ${when(startsAt, now)} (${startsAt})`;
  if (!requiresApproval || approvedBy !== null) return [starts];
  return [starts, `  ${style.yellow('waits for a second person')}: slackwater window approve ${id}`];
}

function stageLines(stage: Stage, window: Window, options: FrameOptions): string[] {
  const { style } = options;
  if ('turned' in stage) return [`  ${style.yellow('↩')} ${style.yellow(stage.turned)}`];
  const { phase, entry, bad } = stage;
  if (!entry) return [style.dim(`  · ${phase}`)];
  if (phase === 'done') return [`  ${style.yellow('!')} held`];
  // Side by side the new release is watched from its first run on.
  const seen = entry.ms === null && sideBySide(window) !== '' ? watchText(window) : '';
  return [stageLine(phase, entry, bad, window, options), ...(seen ? [`                      ${seen}`] : [])];
}

function stageLine(
  phase: Phase,
  entry: PhaseEntry,
  bad: boolean,
  window: Window,
  options: FrameOptions,
): string {
  const { style, now } = options;
  const name = padEnd(phase, 10);
  if (entry.ms !== null) {
    const mark = bad ? style.red('✗') : style.green('✓');
    return `  ${mark} ${name}  ${padEnd(formatDuration(entry.ms), 6)}  ${detail(phase, window)}`.trimEnd();
  }
  const ms = Math.max(0, now - Date.parse(entry.at));
  const spinner = style.cyan(SPINNER[Math.floor(now / 100) % SPINNER.length]!);
  return `  ${spinner} ${style.bold(name)}  ${padEnd(formatDuration(ms), 6)}  ${progress(phase, window, options)}`.trimEnd();
}

/** How far the present phase has come. */
function progress(phase: Phase, window: Window, options: FrameOptions): string {
  if (phase === 'draining') return drainBar(window, options);
  if (phase === 'watching' && window.watch)
    return `of ${formatDuration(window.watch.durationMs)}  ${watchText(window)}`;
  return detail(phase, window) || sideBySide(window);
}

/** Runs that have reached their checkpoint, or their end, or whose host is gone, of those that computed when intake closed. */
export function arrived({ runs }: Window): { here: number; all: number } {
  const { inFlight, yielded, finished, forced, interrupted = 0 } = runs;
  return { here: Math.min(inFlight, yielded + finished + forced + interrupted), all: inFlight };
}

function drainBar(window: Window, { style, width, now }: FrameOptions): string {
  const { here, all } = arrived(window);
  if (window.arriveAt !== null)
    return `slow runs come in, the others compute on (all are there ${when(window.arriveAt, now)})`;
  if (window.rollback)
    return `${still(window)} of ${plural(window.hosts.filter(isThere).length, 'host')} still`;
  if (all === 0) return style.dim('intake is held');
  const columns = Math.max(8, Math.min(30, width - 60));
  return `${style.cyan(bar(here, all, columns))} ${here}/${all} at a checkpoint`;
}

const still = ({ hosts }: Window): number => hosts.filter(host => host.phase === 'still').length;

function detail(phase: Phase, window: Window): string {
  const hosts = window.hosts.filter(isThere).length;
  if (phase === 'preparing') return hosts ? plural(hosts, 'host') : '';
  if (phase === 'draining') return `${arrived(window).here} of ${plural(window.runs.inFlight, 'run')}`;
  return '';
}

function blockerLines(window: Window, { now, style }: FrameOptions): string[] {
  if (window.blockers.length === 0) return [];
  const slowest = [...window.blockers].sort(
    (a, b) => (b.estimateMs ?? Infinity) - (a.estimateMs ?? Infinity),
  );
  const shown = slowest.slice(0, BLOCKERS_SHOWN);
  const jobs = Math.max(...shown.map(({ job }) => job.length));
  const rows = shown.map(
    each => `    ${padEnd(each.job, jobs)}  ${style.dim(each.run)}  ${lookout(each, now)}`,
  );
  const more = window.blockers.length - shown.length;
  if (more > 0) rows.push(style.dim(`    … and ${plural(more, 'more run')}`));
  return ['', `  ${style.yellow('in the way')}`, ...rows];
}

function lookout(blocker: Blocker, now: number): string {
  const { stoppable, estimateMs, lastCheckpointAt } = blocker;
  if (stoppable === false) return prospect(blocker);
  const last = lastCheckpointAt ? `checkpoint ${when(lastCheckpointAt, now)}` : 'no checkpoint yet';
  return estimateMs === null ? last : `${last}, about ${formatDuration(estimateMs)} to go`;
}

function footer(window: Window, { now, style, trouble }: FrameOptions): string[] {
  if (trouble) return [style.yellow(`  ${trouble}`)];
  return [...hintsFor(window, now), 'Ctrl-C leaves it running'].map(hint => style.dim(`  ${hint}`));
}

/** What comes next, or may be asked. */
function hintsFor(window: Window, now: number): string[] {
  const { id, phase, drainDeadline, forced, onDrainTimeout, rollback } = window;
  if (phase === 'draining' && drainDeadline) {
    // On the way back nothing is let off: the new release is not known to work.
    const [first, last] = rollback ? ['force', 'without them'] : [onDrainTimeout, 'abort'];
    return [`deadline ${when(drainDeadline, now)}, then ${forced ? last : first}`];
  }
  const back = `go back: slackwater window abort ${id}`;
  if (phase === 'watching') return [`seen enough: slackwater window end ${id}`, back];
  return sideBySide(window) !== '' && !rollback ? [back] : [];
}
