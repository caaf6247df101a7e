import type { Window } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import { prospect } from './blocker.js';
import { refusalLines } from './refusals.js';
import { outcomeText, phaseLines } from './report.js';
import type { Style } from './style.js';
import { facts } from './table.js';
import { plural, when } from './text.js';

/** A window at one look: what it is, where it stands, what is in its way. */
export function windowLines(window: Window, now: number, style: Style): string[] {
  const { runs } = window;
  const state = window.outcome ? outcomeText(window.outcome, style) : style.cyan(style.bold(window.phase));
  const current = window.phases.at(-1);
  return [
    `${state}  ${style.bold(window.app)} ${window.previousRelease ?? 'nothing'} → ${window.release}  ${style.dim(window.id)}`,
    ...(window.summary ? [`  ${window.summary}`] : current ? [`  ${current.because}`] : []),
    '',
    ...facts(
      [
        ['reason', window.reason],
        ['by', window.createdBy],
        ['starts', `${when(window.startsAt, now)} (${window.startsAt})`],
        ['drain', `within ${formatDuration(window.drainTimeoutMs)}, then ${window.onDrainTimeout}`],
        [
          'deadline',
          window.phase === 'draining' && window.drainDeadline ? when(window.drainDeadline, now) : null,
        ],
        ['queues', window.queues.join(', ')],
        [
          'runs',
          runs.inFlight
            ? `${plural(runs.inFlight, 'run')} in flight · ${runs.yielded} yielded · ${runs.finished} finished`
            : null,
        ],
        ['hosts', window.hosts.map(host => `${host.id} ${host.phase}`).join(', ')],
        ['asked', window.request ? `${window.request.kind} by ${window.request.by}` : null],
      ],
      style,
      '  ',
    ),
    ...section(
      style.yellow('in the way'),
      window.blockers.map(each => `${style.bold(each.job)}  ${each.run}  ${prospect(each)}`.trimEnd()),
    ),
    ...(window.refusals.length ? ['', ...refusalLines(window.refusals, style)] : []),
    ...(window.phases.some(({ ms }) => ms !== null) ? ['', ...phaseLines(window.phases, style)] : []),
  ];
}

/** What was asked of a window. What it is now is what it was before: the engine has not looked yet. */
export function askedLines(window: Window, verb: 'abort' | 'cancel' | 'start', style: Style): string[] {
  const { id, app, previousRelease, release, outcome } = window;
  const state = outcome ? outcomeText(outcome, style) : style.yellow(`asked to ${verb}`);
  return [
    `${state}  ${style.bold(app)} ${previousRelease ?? 'nothing'} → ${release}  ${style.dim(id)}`,
    ...(outcome ? [] : [style.dim(`  See what comes of it: slackwater window watch ${id}`)]),
  ];
}

const section = (title: string, lines: string[]): string[] =>
  lines.length ? ['', `  ${title}`, ...lines.slice(0, 10).map(line => `    ${line}`)] : [];
