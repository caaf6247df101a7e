import type { Report } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import { whoText } from './askings.js';
import { isUnjudged } from './strategy.js';
import type { Style } from './style.js';
import { percent, plural } from './text.js';

/** What a window cost and came to, each fact with its name; `null` where there is nothing to say. */
export function figures(report: Report, style: Style): [string, string | null][] {
  const { runs, pause, work, proof, forecast } = report;
  // A window that stopped nothing has no stop to account for.
  const drained = report.phases.some(({ phase }) => phase === 'draining');
  // Host by host runs go over without a stop of all.
  const wentOver = drained || report.phases.some(({ phase }) => phase === 'swapping');
  const ms = formatDuration;
  const forecastText = forecast.drainMs === null ? '' : style.dim(` (forecast ${ms(forecast.drainMs)})`);
  return [
    [
      'stopped',
      drained || (report.strategy !== 'window' && report.stoppedMs > 0)
        ? `${style.bold(ms(report.stoppedMs))}  ${style.dim('no run computed for so long')}`
        : 'nothing',
    ],
    [
      'pause a run',
      wentOver && pause.maxMs > 0
        ? `p50 ${ms(pause.p50Ms)} · p99 ${ms(pause.p99Ms)} · max ${ms(pause.maxMs)}`
        : null,
    ],
    ['drain', drained ? `${ms(report.drainMs)}${forecastText} · swap ${ms(report.swapMs)}` : null],
    ['work lost', wentOver ? workLost(work, runs) : null],
    ['runs', wentOver ? moved(runs, report.outcome) : null],
    ['watch', report.watch ? watched(report.watch, style) : null],
    ['went back', wentBack(report)],
    ['by', report.createdBy ? whoText(report.createdBy, report.askings ?? []) : null],
    ['proof', proof.checkpoints ? proofText(proof) : null],
    ['intake', report.intake.accepted ? `${plural(report.intake.accepted, 'run')} accepted meanwhile` : null],
  ];
}

function workLost(
  { lostMs, repeatedCheckpoints, broughtDown = 0 }: Report['work'],
  { interrupted = 0 }: Report['runs'],
): string {
  const down = broughtDown > 0 ? [`${plural(broughtDown, 'state')} brought down`] : [];
  // A host that died has told nobody how far its runs had come.
  const unknown = interrupted > 0 ? [`not known of ${plural(interrupted, 'interrupted run')}`] : [];
  const lost = lostMs > 0 || repeatedCheckpoints > 0;
  const known = lost
    ? [formatDuration(lostMs), `${plural(repeatedCheckpoints, 'checkpoint')} repeated`]
    : interrupted > 0
      ? []
      : ['none'];
  return [...known, ...unknown, ...down].join(' · ');
}

const WENT: Partial<Record<Report['outcome'], string>> = {
  completed: 'moved to the new code',
  // Where it stands is a person's to say.
  held: 'went on',
};

function moved(runs: Report['runs'], outcome: Report['outcome']): string {
  const turned = outcome === 'rolled-back';
  const went = turned ? runs.returned : runs.resumed;
  const where = WENT[outcome] ?? 'went on in the former code';
  const parts = [
    `${plural(runs.inFlight, 'run')} in flight`,
    turned && runs.resumed ? `${runs.resumed.toLocaleString('en-US')} had moved to the new code` : '',
    went ? `${went.toLocaleString('en-US')} ${where}` : '',
    runs.failed ? `${plural(runs.failed, 'failure')} since` : '',
    runs.finished ? `${runs.finished} ended meanwhile` : '',
    runs.forced ? `${runs.forced} forced` : '',
    runs.interrupted
      ? `${runs.interrupted} interrupted as their host fell silent: they go on from their last checkpoint`
      : '',
    runs.parked ? `${runs.parked} parked` : '',
  ];
  return parts.filter(Boolean).join(' · ');
}

/** From where, and why; the summary of its end may have told that already. */
function wentBack({ rollback, summary }: Report): string | null {
  if (!rollback) return null;
  return summary?.includes(rollback.because)
    ? `from ${rollback.from}`
    : `from ${rollback.from}: ${rollback.because}`;
}

/** What the watch decided on: the new release beside the former one. */
function watched(watch: NonNullable<Report['watch']>, style: Style): string {
  const { new: seen, failureRate, minRuns = 0 } = watch;
  const { completed, failed, crashes, parked } = seen;
  const before = failureRate.old === null ? '' : `; before: ${percent(failureRate.old)}`;
  const ends =
    failureRate.new === null
      ? 'nothing ended on the new release'
      : `${failed} of ${plural(completed + failed, 'end')} failed on the new release (${percent(failureRate.new)}${before})`;
  const few = isUnjudged(watch, minRuns) ? style.yellow(`too few to judge (${minRuns} needed)`) : '';
  return [ends, few, plural(crashes, 'crash', 'crashes'), `${parked} parked`].filter(Boolean).join(' · ');
}

function proofText({ checkpoints, ms, oneWay, setBack = [] }: Report['proof']): string {
  const lost = setBack.map(
    ({ job, runs, onRollback }) =>
      `no way down for ${plural(runs, 'run')} of ${job}: ${onRollback === 'park' ? 'parked' : 'repeated from an earlier state'}`,
  );
  return [
    `${plural(checkpoints, 'checkpoint')} read by the new release in ${formatDuration(ms)}`,
    ...(oneWay.length ? [`no way back for ${oneWay.join(', ')}`] : []),
    ...lost,
  ].join(' · ');
}
