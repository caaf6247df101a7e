import type { Freeze } from '../../model/freeze.js';
import type { WindowFire, WindowSchedule } from '../../model/window-schedule.js';
import type { Style } from './style.js';
import { table } from './table.js';
import { when } from './text.js';

/** A recurring window, as the API answers it. */
export interface ShownSchedule extends WindowSchedule {
  nextAt: string | null;
  last: WindowFire | null;
}

export const freezeText = ({ id, app, from, to }: Freeze): string =>
  `${id}  no window of ${app ?? 'any app'} starts from ${from} to ${to}`;

export function freezesTable(freezes: Freeze[], now: number, style: Style): string {
  const columns = [
    { title: 'freeze', value: ({ id }: Freeze) => id },
    { title: 'app', value: ({ app }: Freeze) => app ?? 'all' },
    { title: 'from', value: ({ from }: Freeze) => from },
    { title: 'to', value: ({ to }: Freeze) => to },
    { title: 'state', value: (freeze: Freeze) => stateOf(freeze, now, style) },
    { title: 'reason', text: true, value: ({ reason }: Freeze) => reason },
  ];
  return table(freezes, columns, style, 'no freeze: windows may start at any time');
}

function stateOf({ from, to }: Freeze, now: number, style: Style): string {
  if (Date.parse(to) <= now) return style.dim('over');
  return Date.parse(from) <= now ? style.yellow('in force') : when(from, now);
}

export const scheduleText = (schedule: ShownSchedule, now: number): string =>
  `${schedule.id}  windows of ${schedule.app} at ${schedule.cron} (${schedule.timezone}), ${nextText(schedule, now)}`;

export function schedulesTable(schedules: ShownSchedule[], now: number, style: Style): string {
  const columns = [
    { title: 'schedule', value: ({ id }: ShownSchedule) => id },
    { title: 'app', value: ({ app }: ShownSchedule) => app },
    { title: 'cron', value: ({ cron }: ShownSchedule) => cron },
    { title: 'zone', value: ({ timezone }: ShownSchedule) => timezone },
    { title: 'next', text: true, value: (schedule: ShownSchedule) => nextText(schedule, now) },
    { title: 'last', value: ({ last }: ShownSchedule) => (last ? fateText(last, style) : '-') },
    { title: 'reason', text: true, value: ({ reason }: ShownSchedule) => reason },
  ];
  return table(schedules, columns, style, 'no recurring window: slackwater window-schedule add');
}

export function firesTable(fires: WindowFire[], style: Style): string {
  const columns = [
    { title: 'at', value: ({ at }: WindowFire) => at },
    { title: 'fate', value: (fire: WindowFire) => fateText(fire, style) },
    { title: 'window', value: ({ window }: WindowFire) => window ?? '-' },
    { title: 'why', text: true, value: ({ reason }: WindowFire) => reason },
  ];
  return table(fires, columns, style, 'it has not fired yet');
}

const nextText = ({ paused, nextAt }: ShownSchedule, now: number): string =>
  paused ? 'paused' : nextAt === null ? 'never again' : `next ${when(nextAt, now)} (${nextAt})`;

function fateText({ fate }: WindowFire, style: Style): string {
  if (fate === 'opened') return style.green(fate);
  return fate === 'skipped' ? style.dim(fate) : style.yellow(fate);
}
