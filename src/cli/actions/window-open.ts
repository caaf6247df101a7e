import type { Window } from '../../model/window.js';
import type { WindowPlan } from '../../model/window-plan.js';
import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { watchWindow } from '../live/watch-window.js';
import { print, printJson, say, styleOf } from '../output.js';
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

/** The options of a command as the body of `POST /v1/windows`; what was not said is left to the server's configuration. */
export const windowBody = (fields: WindowFields) => ({
  release: fields.release,
  reason: fields.reason,
  startsAt: fields.at,
  drainTimeout: fields.drainTimeout,
  onDrainTimeout: fields.onTimeout,
  maxDuration: fields.maxDuration,
  strategy: fields.strategy,
});

export async function plan(options: CommonOptions & WindowFields): Promise<void> {
  const found = await connect(options).post<WindowPlan>('/v1/windows', windowBody(options), {
    query: { dryRun: true },
  });
  if (options.json) return printJson(found);
  print(planLines(found, Date.now(), styleOf(process.stdout)).join('\n'));
}

export async function open(
  options: CommonOptions & WindowFields & { watch?: boolean; timeout?: string },
): Promise<void> {
  const client = connect(options);
  const window = await client.post<Window>('/v1/windows', windowBody(options));
  if (options.watch) return watchWindow(client, window.id, options);
  if (options.json) return printJson(window);
  print(windowLines(window, Date.now(), styleOf(process.stdout)).join('\n'));
  say(`\nWatch it: slackwater window watch ${window.id}`);
}
