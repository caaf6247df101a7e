import type { Backfill, BackfillProgress, BackfillState } from '../../model/backfill.js';
import type { Style } from './style.js';
import { facts, table } from './table.js';
import { bar, plural, when } from './text.js';

/** What a backfill would run. */
export interface BackfillPlan {
  schedule: string;
  app: string;
  from: string;
  to: string;
  total: number;
  alreadyRan: number;
  held: number;
  fires: string[];
}

const COLOURS: Record<BackfillState, 'green' | 'yellow' | 'cyan'> = {
  running: 'cyan',
  cancelling: 'yellow',
  completed: 'green',
  cancelled: 'yellow',
};
const SHOWN = 10;

export function backfillPlanLines(plan: BackfillPlan, style: Style): string[] {
  const { total, alreadyRan, held, fires } = plan;
  const due = total - alreadyRan - held;
  return [
    `${style.bold(plan.schedule)}  ${plural(due, 'fire')} to run from ${plan.from} to ${plan.to}`,
    ...(alreadyRan > 0
      ? [`  ${plural(alreadyRan, 'fire')} left out that have run before (--again runs them too)`]
      : []),
    ...(held > 0
      ? [`  ${plural(held, 'fire')} left out that are held: the schedule decides what becomes of them`]
      : []),
    ...fires.slice(0, SHOWN).map(at => `  ${at}`),
    ...(due > SHOWN ? [style.dim(`  … and ${plural(due - SHOWN, 'more fire')}`)] : []),
  ];
}

const wantedOf = ({ total, alreadyRan, held }: BackfillProgress): number => total - alreadyRan - held;

/** How far it is, on a line. */
export function progressText({ progress, waitsFor }: Backfill): string {
  const { left, running, completed, failed, parked, cancelled, gone } = progress;
  const parts: [number, string][] = [
    [completed, 'completed'],
    [failed, 'failed'],
    [parked, 'parked'],
    [cancelled, 'cancelled'],
    [gone, 'removed'],
    [running, 'running'],
    [left, 'left'],
  ];
  const shown = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const wanted = wantedOf(progress);
  const of = `${wanted - left - running} of ${plural(wanted, 'fire')}`;
  return [of, ...shown, ...(waitsFor === null ? [] : [`waits: ${waitsFor}`])].join(' · ');
}

export function backfillLines(backfill: Backfill, now: number, style: Style): string[] {
  const { progress, state } = backfill;
  const wanted = wantedOf(progress);
  const [done, all] = wanted === 0 ? [1, 1] : [wanted - progress.left - progress.running, wanted];
  const how = [
    `${plural(backfill.concurrency, 'run')} at once`,
    backfill.reverse ? 'the newest first' : null,
    backfill.again ? 'also what has run before' : null,
  ];
  return [
    `${style.bold(backfill.schedule)}  ${style[COLOURS[state]](state)}  ${style.dim(backfill.id)}`,
    '',
    `  ${bar(done, all, 30)}  ${progressText({ ...backfill, waitsFor: null })}`,
    '',
    ...facts(
      [
        ['waits', backfill.waitsFor && style.yellow(backfill.waitsFor)],
        ['from', backfill.from],
        ['to', backfill.to],
        ['left out', leftOut(progress)],
        ['how', how.filter(Boolean).join(', ')],
        ['app', backfill.app],
        ['asked for', `${when(backfill.createdAt, now)} by ${backfill.createdBy}`],
        ['cancelled', backfill.cancelledBy && `by ${backfill.cancelledBy}`],
        ['ended', backfill.endedAt && when(backfill.endedAt, now)],
      ],
      style,
      '  ',
    ),
  ];
}

function leftOut({ alreadyRan, held }: BackfillProgress): string | null {
  const parts = [
    alreadyRan > 0 ? `${plural(alreadyRan, 'fire')} that had run` : null,
    held > 0 ? `${plural(held, 'fire')} that were held` : null,
  ];
  return parts.filter(Boolean).join(', ') || null;
}

export function backfillsTable(backfills: Backfill[], now: number, style: Style): string {
  const columns = [
    { title: 'backfill', value: ({ id }: Backfill) => id },
    { title: 'schedule', value: ({ schedule }: Backfill) => schedule },
    { title: 'app', value: ({ app }: Backfill) => app },
    { title: 'state', value: ({ state }: Backfill) => style[COLOURS[state]](state) },
    { title: 'progress', text: true, value: (backfill: Backfill) => progressText(backfill) },
    { title: 'asked for', value: ({ createdAt }: Backfill) => when(createdAt, now) },
  ];
  return table(backfills, columns, style, 'no backfill: slackwater schedules backfill NAME --from DAY');
}
