import type { WindowPlan } from '../../model/window-plan.js';
import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { EXIT } from '../exit-codes.js';
import { watchWindow } from '../live/watch-window.js';
import { openWindow } from '../open-window.js';
import { printJson, printLines, say, styleOf } from '../output.js';
import { Exit } from '../report-error.js';
import { planLines, wouldBeRefused } from '../show/plan.js';
import { windowLines } from '../show/window.js';
import { type WindowFields, windowBody } from '../window-body.js';

type OpenOptions = CommonOptions & WindowFields & { release: string; at?: string };

const bodyOf = (options: OpenOptions) => ({
  release: options.release,
  startsAt: options.at,
  ...windowBody(options),
});

/** @throws Exit where the window would be refused, so that a script that plans first stops there. */
export async function plan(options: OpenOptions): Promise<void> {
  const found = await connect(options).post<WindowPlan>('/v1/windows', bodyOf(options), {
    query: { dryRun: true },
  });
  if (options.json) printJson(found);
  else printLines(planLines(found, Date.now(), styleOf(process.stdout)));
  if (wouldBeRefused(found)) throw new Exit(EXIT.failed);
}

export async function open(options: OpenOptions & { watch?: boolean; timeout?: string }): Promise<void> {
  const client = connect(options);
  const window = await openWindow(client, bodyOf(options));
  if (options.watch) return watchWindow(client, window.id, options);
  if (options.json) return printJson(window);
  printLines(windowLines(window, Date.now(), styleOf(process.stdout)));
  if (window.requiresApproval) say(`\nAnother person agrees with: slackwater window approve ${window.id}`);
  say(`\nWatch it: slackwater window watch ${window.id}`);
}
