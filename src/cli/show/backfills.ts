import type { Backfill, BackfillState } from '../../model/backfill.js';
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
  const { total, alreadyRan, fires } = plan;
  const due = total - alreadyRan;
  return [
    `${style.bold(plan.schedule)}  ${plural(due, 'fire')} to run from ${plan.from} to ${plan.to}`,
    ...(alreadyRan > 0
      ? [
          `  ${plural(alreadyRan, 'fire')} left out: run before, or held and run by themselves (--again runs them too)`,
        ]
      : []),
    ...fires.slice(0, SHOWN).map(at => `  ${at}`),
    ...(due > SHOWN ? [style.dim(`  … and ${plural(due - SHOWN, 'more fire')}`)] : []),
  ];
}

/** How far it is, on a line. */
export function progressText({ progress, waitsFor }: Backfill): string {
  const { total, alreadyRan, left, running, completed, failed, parked, cancelled, gone } = progress;
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
  const of = `${total - alreadyRan - left - running} of ${plural(total - alreadyRan, 'fire')}`;
  return [of, ...shown, ...(waitsFor === null ? [] : [`waits: ${waitsFor}`])].join(' · ');
}

export function backfillLines(backfill: Backfill, now: number, style: Style): string[] {
  const { progress, state } = backfill;
  const wanted = progress.total - progress.alreadyRan;
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
        [
          'left out',
          progress.alreadyRan > 0 ? `${plural(progress.alreadyRan, 'fire')} that had run, or are held` : null,
        ],
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

export function backfillsTable(backfills: Backfill[], now: number, style: Style): string {
  const columns = [
    { title: 'backfill', value: ({ id }: Backfill) => id },
    { title: 'schedule', value: ({ schedule }: Backfill) => schedule },
    { title: 'app', value: ({ app }: Backfill) => app },
    { title: 'state', value: ({ state }: Backfill) => style[COLOURS[state]](state) },
    { title: 'progress', value: (backfill: Backfill) => progressText(backfill) },
    { title: 'asked for', value: ({ createdAt }: Backfill) => when(createdAt, now) },
  ];
  return table(backfills, columns, style, 'no backfill: slackwater schedules backfill NAME --from DAY');
}
