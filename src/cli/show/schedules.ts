import type { ScheduleManifest } from '../../model/release.js';
import type { Fire, SchedulePause } from '../../model/schedule.js';
import { formatDuration } from '../../platform/duration.js';
import { fateText } from './fate.js';
import type { Style } from './style.js';
import { facts, table } from './table.js';
import { brief, plural, when } from './text.js';

/** A schedule, as the API answers it. */
export interface ShownSchedule extends Omit<ScheduleManifest, 'job'> {
  name: string;
  app: string;
  release: string;
  queue: string;
  paused: SchedulePause | null;
  nextAt: string | null;
  startsNextAt: string | null;
  last: Fire | null;
}

export function schedulesTable(schedules: ShownSchedule[], now: number, style: Style): string {
  const columns = [
    { title: 'schedule', value: ({ name }: ShownSchedule) => name },
    { title: 'app', value: ({ app }: ShownSchedule) => app },
    { title: 'cron', value: ({ cron }: ShownSchedule) => cron },
    { title: 'zone', value: ({ timezone }: ShownSchedule) => timezone },
    { title: 'next', text: true, value: (schedule: ShownSchedule) => nextText(schedule, now, style) },
    {
      title: 'last',
      text: true,
      value: ({ last }: ShownSchedule) => (last ? lastText(last, now, style) : '-'),
    },
  ];
  return table(schedules, columns, style, 'no schedule: a job has one by `schedule: { cron }` in defineJob');
}

const lastText = ({ at, fate }: Fire, now: number, style: Style): string =>
  `${fateText(fate, style)} ${when(at, now)}`;

function nextText({ paused, nextAt }: ShownSchedule, now: number, style: Style): string {
  if (paused) return style.yellow(`paused by ${paused.by}`);
  return nextAt === null ? 'never again' : when(nextAt, now);
}

export function scheduleLines(schedule: ShownSchedule, now: number, style: Style): string[] {
  const { paused, last, jitterMs, except } = schedule;
  return [
    `${style.bold(schedule.name)}  ${schedule.cron}  ${style.dim(schedule.timezone)}`,
    '',
    ...facts(
      [
        ['paused', paused && style.yellow(pauseText(paused, now))],
        ['next', schedule.nextAt && `${when(schedule.nextAt, now)} (${schedule.nextAt})`],
        ['starts', startText(schedule)],
        ['last', last && `${lastText(last, now, style)} (${last.at}): ${last.reason}`],
        ['last run', last?.run],
        ['app', `${schedule.app}, release ${schedule.release}, queue ${schedule.queue}`],
        ['missed', missedText(schedule)],
        ['overlap', schedule.overlap],
        ['jitter', jitterMs === undefined ? null : formatDuration(jitterMs)],
        ['from', schedule.startsAt],
        ['to', schedule.endsAt],
        [
          'except',
          except &&
            `${except.slice(0, 10).join(', ')}${except.length > 10 ? ` and ${plural(except.length - 10, 'more day')}` : ''}`,
        ],
        ['payload', brief(schedule.payload, 200)],
      ],
      style,
      '  ',
    ),
  ];
}

const pauseText = ({ by, at, reason }: SchedulePause, now: number): string =>
  `by ${by}, ${when(at, now)}${reason ? `: ${reason}` : ''}`;

/** Said only where the jitter moves it. */
const startText = ({ nextAt, startsNextAt }: ShownSchedule): string | null =>
  nextAt === null || startsNextAt === null || startsNextAt === nextAt ? null : `${startsNextAt} (jitter)`;

function missedText({ missed, maxMissed, maxAgeMs }: ShownSchedule): string {
  const limits = [
    maxMissed === undefined ? null : `at most ${maxMissed}`,
    maxAgeMs === undefined ? null : `none older than ${formatDuration(maxAgeMs)}`,
  ].filter(Boolean);
  return limits.length === 0 ? missed : `${missed}, ${limits.join(', ')}`;
}

/** @param named several schedules: each line says of which it is */
export function firesTable(fires: Fire[], style: Style, named: boolean): string {
  const columns = [
    { title: 'at', value: ({ at }: Fire) => at },
    ...(named ? [{ title: 'schedule', value: ({ schedule }: Fire) => schedule }] : []),
    { title: 'fate', value: ({ fate }: Fire) => fateText(fate, style) },
    { title: 'run', value: ({ run }: Fire) => run ?? '-' },
    { title: 'why', text: true, value: ({ reason }: Fire) => reason },
  ];
  return table(fires, columns, style, 'none has fired yet');
}

export const fireLine = ({ schedule, fate, run }: Fire, style: Style): string =>
  `${schedule}  ${fateText(fate, style)}  ${run}`;
