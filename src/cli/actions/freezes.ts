import type { Freeze } from '../../model/freeze.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, printLines, say, styleOf } from '../output.js';
import { freezesTable, freezeText } from '../show/calendar.js';
import { plural } from '../show/text.js';

interface FreezeFields {
  app?: string;
  from?: string;
  to: string;
  reason: string;
}

export async function add(options: CommonOptions & FreezeFields): Promise<void> {
  const { app, from = new Date().toISOString(), to, reason } = options;
  const body = { app, from, to, reason };
  const freeze = await connect(options).post<Freeze & { windows: string[] }>('/v1/freezes', body);
  if (options.json) return printJson(freeze);
  printLines([`${freezeText(freeze)}. Lift it: slackwater freeze rm ${freeze.id}`]);
  const { windows } = freeze;
  if (windows.length > 0)
    say(`${plural(windows.length, 'scheduled window')} will be refused: ${windows.join(', ')}`);
}

export async function ls(options: CommonOptions & { app?: string }): Promise<void> {
  const items = await connect(options).list<Freeze>('/v1/freezes', { app: options.app });
  if (options.json) return printJson({ items });
  print(freezesTable(items, Date.now(), styleOf(process.stdout)));
}

export async function rm(id: string, options: CommonOptions): Promise<void> {
  await connect(options).remove(`/v1/freezes/${part(id)}`);
  if (options.json) printJson({ id });
  else print(`${id} lifted`);
}
