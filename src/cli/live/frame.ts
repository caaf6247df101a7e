import type { Blocker } from '../../model/intent.js';
import { PHASES, type Phase, type Window } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import { prospect } from '../show/blocker.js';
import { clip, padEnd, type Style } from '../show/style.js';
import { bar, plural, when } from '../show/text.js';

/** The phases that a window of today passes through, in order. */
const PATH: Phase[] = PHASES.filter(phase => !['scheduled', 'verifying', 'watching', 'done'].includes(phase));
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
      ? [`  starts ${when(window.startsAt, options.now)} (${window.startsAt})`]
      : PATH.map(phase => phaseLine(phase, window, options))),
    ...blockerLines(window, options),
    '',
    footer(window, options),
  ];
  return lines.map(line => clip(line, width));
}

function title(window: Window, style: Style): string {
  const from = window.previousRelease ?? 'nothing';
  return `${style.bold('slackwater')}  ${window.app}  ${from} ${style.cyan('→')} ${style.bold(window.release)}`;
}

function phaseLine(phase: Phase, window: Window, options: FrameOptions): string {
  const { style, now } = options;
  const entry = window.phases.findLast(each => each.phase === phase);
  const name = padEnd(phase, 10);
  if (!entry) return style.dim(`  · ${phase}`);
  if (entry.ms !== null) {
    return `  ${style.green('✓')} ${name}  ${padEnd(formatDuration(entry.ms), 6)}  ${detail(phase, window)}`.trimEnd();
  }
  const ms = Math.max(0, now - Date.parse(entry.at));
  const spinner = style.cyan(SPINNER[Math.floor(now / 100) % SPINNER.length]!);
  const progress = phase === 'draining' ? drainBar(window, options) : detail(phase, window);
  return `  ${spinner} ${style.bold(name)}  ${padEnd(formatDuration(ms), 6)}  ${progress}`.trimEnd();
}

/** Runs that have reached their checkpoint, or their end, of those that computed when intake closed. */
export function arrived({ runs }: Window): { here: number; all: number } {
  return { here: Math.min(runs.inFlight, runs.yielded + runs.finished + runs.forced), all: runs.inFlight };
}

function drainBar(window: Window, { style, width }: FrameOptions): string {
  const { here, all } = arrived(window);
  if (all === 0) return style.dim('intake is held');
  const columns = Math.max(8, Math.min(30, width - 60));
  return `${style.cyan(bar(here, all, columns))} ${here}/${all} at a checkpoint`;
}

function detail(phase: Phase, window: Window): string {
  if (phase === 'preparing') return window.hosts.length ? plural(window.hosts.length, 'host') : '';
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

function footer(window: Window, { now, style, trouble }: FrameOptions): string {
  const deadline =
    window.phase === 'draining' && window.drainDeadline
      ? `deadline ${when(window.drainDeadline, now)}, then ${window.forced ? 'abort' : window.onDrainTimeout} · `
      : '';
  return trouble ? style.yellow(`  ${trouble}`) : style.dim(`  ${deadline}Ctrl-C leaves it running`);
}
