import { FELL_SILENT, GONE, SILENT, type Window, type WindowHost } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import { whoText } from './askings.js';
import { prospect } from './blocker.js';
import { heldLines } from './held.js';
import { refusalLines } from './refusals.js';
import { outcomeText, phaseLines } from './report.js';
import { isUnjudged, sideBySide, strategyText, watchText } from './strategy.js';
import type { Style } from './style.js';
import { facts } from './table.js';
import { taskLines } from './tasks.js';
import { apart, plural, when } from './text.js';

/** A window at one look: what it is, where it stands, what is in its way. */
export function windowLines(window: Window, now: number, style: Style): string[] {
  const { runs } = window;
  const current = window.phases.at(-1);
  return [
    `${style.bold(stateText(window, style))}${notJudged(window, style)}  ${style.bold(window.app)} ${window.previousRelease ?? 'nothing'} → ${window.release}  ${style.dim(window.id)}`,
    ...(window.summary ? [`  ${window.summary}`] : current ? [`  ${current.because}`] : []),
    '',
    ...(window.held ? [...heldLines(window, now, style), ''] : []),
    ...facts(
      [
        ['reason', window.reason],
        ['by', whoText(window.createdBy, window.askings)],
        ['approval', approval(window)],
        ['starts', `${when(window.startsAt, now)} (${window.startsAt})`],
        ['announced', announcement(window, now)],
        ['strategy', strategyText(window)],
        ['so far', sideBySide(window)],
        ['drain', `within ${formatDuration(window.drainTimeoutMs)}, then ${window.onDrainTimeout}`],
        [
          'deadline',
          window.phase === 'draining' && window.drainDeadline ? when(window.drainDeadline, now) : null,
        ],
        ['queues', window.queues.join(', ')],
        [
          'runs',
          runs.inFlight || runs.interrupted
            ? [
                `${plural(runs.inFlight, 'run')} in flight · ${runs.yielded} yielded · ${runs.finished} ended meanwhile`,
                ...(runs.interrupted ? [`${runs.interrupted} interrupted as their host fell silent`] : []),
              ].join(' · ')
            : null,
        ],
        ['watch', watchFact(window)],
        ['going back', window.rollback?.because],
        ['hosts', hostsText(window, style)],
        ['asked', asked(window)],
      ],
      style,
      '  ',
    ),
    ...apart(taskLines(window.tasks, now, style)),
    ...section(
      style.yellow('in the way'),
      window.blockers.map(each => `${style.bold(each.job)}  ${each.run}  ${prospect(each)}`.trimEnd()),
    ),
    ...(window.refusals.length ? ['', ...refusalLines(window.refusals, style)] : []),
    ...(window.phases.some(({ ms }) => ms !== null) ? ['', ...phaseLines(window.phases, style)] : []),
  ];
}

function notJudged({ outcome, watch, watched }: Window, style: Style): string {
  const isUnknown = outcome === 'completed' && watch && watched && isUnjudged(watched, watch.minRuns);
  return isUnknown ? style.yellow(', not judged') : '';
}

/** Where it stands, in a word or two. */
export function stateText(window: Window, style: Style): string {
  if (window.outcome) return outcomeText(window.outcome, style);
  const more = window.rollback
    ? ', going back'
    : window.phase === 'scheduled' && window.requiresApproval && window.approvedBy === null
      ? ', needs approval'
      : '';
  return style.cyan(window.phase) + style.yellow(more);
}

function approval({ id, requiresApproval, approvedBy }: Window): string | null {
  if (!requiresApproval) return null;
  return approvedBy === null ? `needed: slackwater window approve ${id}` : `by ${approvedBy}`;
}

function announcement(window: Window, now: number): string | null {
  const { phase, startsAt, createdAt, announceMs } = window;
  const starts = Date.parse(startsAt);
  // One that starts as it is declared is not announced, and none before it is declared.
  if (announceMs === 0 || phase !== 'scheduled' || starts <= Math.max(now, Date.parse(createdAt)))
    return null;
  const from = new Date(Math.max(starts - announceMs, Date.parse(createdAt))).toISOString();
  return `${when(from, now)}: runs that could not stop in time wait from then on`;
}

/** Of one that is over only who was missing: where the others stood at its end is no longer so. */
function hostsText({ hosts, outcome }: Window, style: Style): string {
  const told =
    outcome === null ? hosts : hosts.filter(({ phase }) => [SILENT, FELL_SILENT, GONE].includes(phase));
  return told.map(host => hostText(host, style)).join(', ');
}

function hostText({ id, phase }: WindowHost, style: Style): string {
  const bad: Record<string, string> = {
    [SILENT]: 'silent',
    [FELL_SILENT]: 'fell silent',
    [GONE]: 'left or fell silent',
  };
  return `${id} ${bad[phase] ? style.yellow(bad[phase]) : phase}`;
}

function watchFact(window: Window): string | null {
  if (!window.watch) return null;
  return `${formatDuration(window.watch.durationMs)}${window.watched ? ` · ${watchText(window)}` : ''}`;
}

function asked({ request }: Window): string | null {
  if (!request) return null;
  return `${request.kind}${request.choice ? ` (${request.choice})` : ''} by ${request.by}`;
}

/** What was asked of a window. What it is now is what it was before: the engine has not looked yet. */
export function askedLines(
  window: Window,
  verb: 'abort' | 'cancel' | 'start' | 'end',
  style: Style,
): string[] {
  const { id, app, previousRelease, release, outcome, held, request } = window;
  if (held && request?.choice)
    return [
      `${style.yellow(`asked to ${request.choice}`)}  ${style.bold(app)} ${previousRelease ?? 'nothing'} → ${release}  ${style.dim(id)}`,
      style.dim(`  See what comes of it: slackwater window watch ${id}`),
    ];
  const state = outcome ? outcomeText(outcome, style) : style.yellow(`asked to ${verb}`);
  return [
    `${state}  ${style.bold(app)} ${previousRelease ?? 'nothing'} → ${release}  ${style.dim(id)}`,
    ...(outcome ? [] : [style.dim(`  See what comes of it: slackwater window watch ${id}`)]),
  ];
}

const section = (title: string, lines: string[]): string[] =>
  lines.length ? ['', `  ${title}`, ...lines.slice(0, 10).map(line => `    ${line}`)] : [];
