import type { WindowPlan } from '../../model/window-plan.js';
import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { watchWindow } from '../live/watch-window.js';
import { openWindow, windowBody } from '../open-window.js';
import { printJson, printLines, say, styleOf } from '../output.js';
import { planLines } from '../show/plan.js';
import { windowLines } from '../show/window.js';

export interface WindowFields {
  release: string;
  reason: string;
  at?: string;
  drainTimeout?: string;
  onTimeout?: string;
  maxDuration?: string;
  strategy?: string;
}

export async function plan(options: CommonOptions & WindowFields): Promise<void> {
  const found = await connect(options).post<WindowPlan>('/v1/windows', windowBody(options), {
    query: { dryRun: true },
  });
  if (options.json) return printJson(found);
  printLines(planLines(found, Date.now(), styleOf(process.stdout)));
}

export async function open(
  options: CommonOptions & WindowFields & { watch?: boolean; timeout?: string },
): Promise<void> {
  const client = connect(options);
  const window = await openWindow(client, options);
  if (options.watch) return watchWindow(client, window.id, options);
  if (options.json) return printJson(window);
  printLines(windowLines(window, Date.now(), styleOf(process.stdout)));
  say(`\nWatch it: slackwater window watch ${window.id}`);
}
