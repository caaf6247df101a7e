import type { WindowPlan } from '../../model/window-plan.js';
import { formatDuration } from '../../platform/duration.js';
import { prospect } from './blocker.js';
import { refusalLines } from './refusals.js';
import type { Style } from './style.js';
import { facts } from './table.js';
import { plural, when } from './text.js';
import { comingText, diffLines } from './window-fires.js';

export function planLines(plan: WindowPlan, now: number, style: Style): string[] {
  const { blockers, inFlight } = plan.runs;
  const against = [
    ...plan.warnings.map(
      warning => `  ${plan.refusedFor.includes(warning) ? style.red('✗') : style.yellow('!')} ${warning}`,
    ),
    ...refusalLines(plan.refusals, style),
  ];
  return [
    `${style.bold('plan')}  ${plan.app} ${plan.previousRelease ?? 'nothing'} → ${style.bold(plan.release)}`,
    '',
    ...facts(
      [
        ['starts', `${when(plan.startsAt, now)} (${plan.startsAt})`],
        ['queues', plan.queues.join(', ')],
        ['hosts', plan.hosts.length ? plural(plan.hosts.length, 'host') : 'none'],
        ['runs', `${plural(inFlight, 'run')} computing, ${blockers.length} to be waited for`],
        ['forecast', forecast(plan)],
        ['meanwhile', meanwhile(plan)],
        ['fires', comingText(plan.fires, plan.moreFires)],
      ],
      style,
      '  ',
    ),
    ...(blockers.length ? [''] : []),
    ...blockers
      .slice(0, 10)
      .map(each => `    ${style.bold(each.job)}  ${style.dim(each.run)}  ${prospect(each)}`.trimEnd()),
    ...(blockers.length > 10 ? [style.dim(`    … and ${plural(blockers.length - 10, 'more run')}`)] : []),
    ...diffLines(plan.schedules, style),
    '',
    ...(against.length ? against : [style.green('  Nothing speaks against it.')]),
    ...(wouldBeRefused(plan) ? ['', style.red('  As it stands, it would be refused.')] : []),
  ];
}

export const wouldBeRefused = ({ refusedFor, refusals }: WindowPlan): boolean =>
  refusedFor.length + refusals.length > 0;

/** All come in together: the fast ones need not wait for the slow ones. */
function meanwhile({ forecast: { comingInMs } }: WindowPlan): string | null {
  return comingInMs
    ? `the others compute on for about ${formatDuration(comingInMs)} while the slow runs come in`
    : null;
}

function forecast({ runs, forecast: { drainMs, p50Ms, p99Ms } }: WindowPlan): string {
  const usually =
    p50Ms && p99Ms ? ` (usually ${formatDuration(p50Ms)}, ${formatDuration(p99Ms)} in 1 of 100)` : '';
  if (drainMs !== null) return `drained in ${formatDuration(drainMs)}${usually}`;
  const endless = runs.blockers.filter(({ stoppable }) => stoppable === false).length;
  if (endless > 0) return `unknown: ${plural(endless, 'run')} cannot stop half-way`;
  return runs.blockers.length ? 'unknown: these jobs have not run long enough to tell' : 'drained at once';
}
