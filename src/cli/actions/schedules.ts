import type { Fire } from '../../model/schedule.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { firstOf, tellOfMore } from '../first-of.js';
import { print, printJson, printLines, styleOf } from '../output.js';
import {
  fireLine,
  firesTable,
  type ShownSchedule,
  scheduleLines,
  schedulesTable,
} from '../show/schedules.js';

const PATH = '/v1/schedules';
/** The server takes no more at a time. */
const MOST = 1_000;

type OfApp = CommonOptions & { app?: string };
type AsOptions = OfApp & { as?: string };

export async function ls(options: OfApp): Promise<void> {
  const items = await connect(options).list<ShownSchedule>(PATH, { app: options.app, limit: 200 });
  if (options.json) return printJson({ items });
  print(schedulesTable(items, Date.now(), styleOf(process.stdout)));
}

export async function show(name: string, options: OfApp): Promise<void> {
  tell(await connect(options).get<ShownSchedule>(`${PATH}/${part(name)}`, { app: options.app }), options);
}

export async function fires(name: string | undefined, options: OfApp & { limit: number }): Promise<void> {
  const { app, limit } = options;
  const path = name === undefined ? `${PATH}/fires` : `${PATH}/${part(name)}/fires`;
  const { items, more } = await firstOf<Fire>(connect(options), path, { app }, { limit, most: MOST });
  if (options.json) return printJson({ items });
  print(firesTable(items, styleOf(process.stdout), name === undefined));
  tellOfMore(more, limit);
}

export async function pause(name: string, options: AsOptions & { reason?: string }): Promise<void> {
  const query = { app: options.app };
  const body = { reason: options.reason };
  tell(await connect(options).post<ShownSchedule>(`${PATH}/${part(name)}/pause`, body, { query }), options);
}

export async function resume(name: string, options: AsOptions): Promise<void> {
  const query = { app: options.app };
  tell(
    await connect(options).post<ShownSchedule>(`${PATH}/${part(name)}/resume`, undefined, { query }),
    options,
  );
}

export async function fire(name: string, options: AsOptions): Promise<void> {
  const query = { app: options.app };
  const fired = await connect(options).post<Fire>(`${PATH}/${part(name)}/fire`, undefined, { query });
  if (options.json) return printJson(fired);
  print(fireLine(fired, styleOf(process.stdout)));
}

function tell(schedule: ShownSchedule, options: CommonOptions): void {
  if (options.json) printJson(schedule);
  else printLines(scheduleLines(schedule, Date.now(), styleOf(process.stdout)));
}
