import type { PhaseEntry, Report } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import { prospect } from './blocker.js';
import { failureLines } from './failures.js';
import { refusalLines } from './refusals.js';
import { figures } from './report-figures.js';
import { isUnjudged } from './strategy.js';
import { padEnd, type Style } from './style.js';
import { facts } from './table.js';
import { taskLines } from './tasks.js';
import { apart, bar, plural } from './text.js';
import { heldFireLines } from './window-fires.js';

/** A finished window as a person wants to read it: how it ended, what it cost, where the time went. */
export function reportLines(report: Report, style: Style): string[] {
  return [
    headline(report, style),
    ...(report.summary ? [`  ${report.summary}`] : []),
    '',
    ...(report.refusals.length ? [...refusalLines(report.refusals, style), ''] : []),
    ...facts(figures(report, style), style, '  '),
    ...apart(taskLines(report.tasks, Date.parse(report.finishedAt), style)),
    ...apart(failureLines(report, style)),
    ...blockers(report, style),
    ...heldFireLines(report.fires, style),
    '',
    ...phaseLines(report.phases, style),
  ];
}

const MARKS: Partial<Record<Report['outcome'], string>> = {
  completed: '✓',
  held: '!',
  'rolled-back': '↩',
  cancelled: '–',
  missed: '–',
};

export function outcomeText(outcome: Report['outcome'], style: Style): string {
  const colour =
    outcome === 'completed'
      ? style.green
      : outcome === 'cancelled' || outcome === 'missed'
        ? style.yellow
        : style.red;
  return colour(style.bold(`${MARKS[outcome] ?? '✗'} ${outcome}`));
}

function headline(report: Report, style: Style): string {
  const total = report.startedAt ? Date.parse(report.finishedAt) - Date.parse(report.startedAt) : null;
  return [
    outcomeText(report.outcome, style) + (isUnjudgedEnd(report) ? style.yellow(', not judged') : ''),
    `${style.bold(report.app)} ${report.from ?? 'nothing'} → ${report.to}`,
    report.strategy === 'window' ? '' : report.strategy,
    total === null ? '' : `in ${formatDuration(total)}`,
    style.dim(report.window),
  ]
    .filter(Boolean)
    .join('  ');
}

/** Taken for good by a watch that could not say so. */
const isUnjudgedEnd = ({ outcome, watch }: Report): boolean =>
  outcome === 'completed' && watch !== null && isUnjudged(watch, watch.minRuns ?? 0);

function blockers(report: Report, style: Style): string[] {
  if (report.blockers.length === 0) return [];
  const shown = report.blockers.slice(0, 5).map(each => {
    const endless = each.stoppable === false ? `  ${prospect(each)}` : '';
    return `    ${style.bold(each.job)}  ${each.run}${endless}`;
  });
  const more = report.blockers.length - shown.length;
  return [
    '',
    `  ${style.yellow('in the way')}`,
    ...shown,
    ...(more > 0 ? [style.dim(`    … and ${plural(more, 'more run')}`)] : []),
  ];
}

/** Each phase with its time, and a bar of its share. */
export function phaseLines(phases: PhaseEntry[], style: Style): string[] {
  const timed = phases.filter(({ ms, phase }) => ms !== null && phase !== 'done' && phase !== 'scheduled');
  const longest = Math.max(1, ...timed.map(({ ms }) => ms!));
  return timed.map(({ phase, ms }) => {
    const share = bar(ms!, longest, 24).replaceAll('░', ' ').trimEnd();
    return `  ${style.dim(padEnd(phase, 11))}  ${padEnd(formatDuration(ms!), 6)}  ${style.cyan(share)}`.trimEnd();
  });
}
