import type { Window } from '../../model/window.js';
import { scheduleOwner, type WindowFire, type WindowSchedule } from '../../model/window-schedule.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, printLines, say, styleOf } from '../output.js';
import { firesTable, type ShownSchedule, schedulesTable, scheduleText } from '../show/calendar.js';
import { type WindowFields, windowBody } from '../window-body.js';

const PATH = '/v1/window-schedules';
/** So many of the newest windows are looked through for what a schedule had declared. */
const LOOK_AT = 200;

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
  const client = connect(options);
  const declared = (await client.list<Window>('/v1/windows', {}, LOOK_AT)).filter(
    ({ createdBy, phase }) => createdBy === scheduleOwner({ id }) && phase === 'scheduled',
  );
  await client.remove(`${PATH}/${part(id)}`);
  const now = await Promise.all(declared.map(each => client.get<Window>(`/v1/windows/${part(each.id)}`)));
  const [cancelled, kept] = [now.filter(isCancelled), now.filter(window => !isCancelled(window))];
  const ids = (windows: Window[]) => windows.map(window => window.id);
  if (options.json) return printJson({ id, cancelled: ids(cancelled), kept: ids(kept) });
  print(`${id} removed`);
  for (const each of cancelled) say(`${each.id} is cancelled with it: it had not begun`);
  for (const each of kept) say(`${each.id} stays: call it off with slackwater window cancel ${each.id}`);
}

const isCancelled = ({ request, outcome }: Window): boolean =>
  request?.kind === 'cancel' || outcome === 'cancelled';

async function turn(id: string, verb: 'pause' | 'resume', options: CommonOptions): Promise<void> {
  show(await connect(options).post<ShownSchedule>(`${PATH}/${part(id)}/${verb}`), options);
}

function show(schedule: ShownSchedule, options: CommonOptions): void {
  if (options.json) printJson(schedule);
  else printLines([scheduleText(schedule, Date.now())]);
}
