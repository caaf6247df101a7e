import type { Report, Window } from '../../model/window.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { watchWindow } from '../live/watch-window.js';
import { print, printJson, printLines, say, styleOf } from '../output.js';
import { heldLines } from '../show/held.js';
import { reportLines } from '../show/report.js';
import { apart } from '../show/text.js';
import { windowLines } from '../show/window.js';
import { waits, windowsTable } from '../show/windows.js';

export async function ls(options: CommonOptions & { app?: string; limit: number }): Promise<void> {
  const items = await connect(options).list<Window>('/v1/windows', { app: options.app }, options.limit);
  if (options.json) return printJson({ items });
  print(windowsTable(items, Date.now(), styleOf(process.stdout)));
  for (const { id } of items.filter(waits)) say(`${id} waits for a choice: slackwater window show ${id}`);
}

export async function show(id: string, options: CommonOptions): Promise<void> {
  const window = await connect(options).get<Window>(`/v1/windows/${part(id)}`);
  if (options.json) return printJson(window);
  printLines(windowLines(window, Date.now(), styleOf(process.stdout)));
}

export async function watch(id: string, options: CommonOptions & { timeout?: string }): Promise<void> {
  await watchWindow(connect(options), id, options);
}

export async function report(id: string, options: CommonOptions): Promise<void> {
  const client = connect(options);
  const found = await client.get<Report>(`/v1/windows/${part(id)}/report`);
  if (options.json) return printJson(found);
  const style = styleOf(process.stdout);
  const held = found.outcome === 'held' ? await client.get<Window>(`/v1/windows/${part(id)}`) : null;
  printLines([...reportLines(found, style), ...apart(held ? heldLines(held, Date.now(), style) : [])]);
}
