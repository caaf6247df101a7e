import type { WindowFire, WindowSchedule } from '../../model/window-schedule.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, styleOf } from '../output.js';
import { firesTable, type ShownSchedule, schedulesTable, scheduleText } from '../show/calendar.js';
import { type WindowFields, windowBody } from '../window-body.js';

const PATH = '/v1/window-schedules';

type AddOptions = CommonOptions & WindowFields & Pick<WindowSchedule, 'cron' | 'timezone'> & { app?: string };

export async function add(options: AddOptions): Promise<void> {
  const { app, cron, timezone } = options;
  const body = { app, cron, timezone, ...windowBody(options) };
  show(await connect(options).post<ShownSchedule>(PATH, body), options);
}

export async function ls(options: CommonOptions & { app?: string }): Promise<void> {
  const items = await connect(options).list<ShownSchedule>(PATH, { app: options.app });
  if (options.json) return printJson({ items });
  print(schedulesTable(items, Date.now(), styleOf(process.stdout)));
}

export async function fires(id: string, options: CommonOptions & { limit: number }): Promise<void> {
  const query = { limit: Math.min(options.limit, 200) };
  const items = await connect(options).list<WindowFire>(`${PATH}/${part(id)}/fires`, query);
  if (options.json) return printJson({ items });
  print(firesTable(items, styleOf(process.stdout)));
}

export const pause = (id: string, options: CommonOptions): Promise<void> => turn(id, 'pause', options);
export const resume = (id: string, options: CommonOptions): Promise<void> => turn(id, 'resume', options);

export async function rm(id: string, options: CommonOptions): Promise<void> {
  await connect(options).remove(`${PATH}/${part(id)}`);
  if (options.json) printJson({ id });
  else print(`${id} removed`);
}

async function turn(id: string, verb: 'pause' | 'resume', options: CommonOptions): Promise<void> {
  show(await connect(options).post<ShownSchedule>(`${PATH}/${part(id)}/${verb}`), options);
}

function show(schedule: ShownSchedule, options: CommonOptions): void {
  if (options.json) printJson(schedule);
  else print(scheduleText(schedule, Date.now()));
}
