import type { Report, Window } from '../../model/window.js';
import { parseDuration } from '../../platform/duration.js';
import type { Client } from '../client.js';
import { exitOfOutcome } from '../exit-codes.js';
import { printJson, printLines, say, styleOf } from '../output.js';
import { Exit, TimedOut } from '../report-error.js';
import { heldLines } from '../show/held.js';
import { reportLines } from '../show/report.js';
import { apart } from '../show/text.js';
import { detachOnSignal, exitIfDetached } from './detach.js';
import { followWindow, hasEnded } from './follow-window.js';
import { frame } from './frame.js';
import { changes } from './plain.js';
import { createScreen } from './screen.js';

/** At most ten frames a second. */
const FRAME_MS = 100;

export interface WatchOptions {
  json?: boolean;
  /** Give up watching after this long; the window goes on. */
  timeout?: string;
}

/**
 * Shows a window until it is done, then prints its report (stdout). Ctrl-C leaves it running and says how to come back.
 * @throws Exit with the code of its outcome, if that is not 0, or of the signal. @throws TimedOut
 */
export async function watchWindow(client: Client, id: string, options: WatchOptions): Promise<void> {
  const stop = new AbortController();
  const giveBack = detachOnSignal(stop);
  const ms = options.timeout === undefined ? null : parseDuration(options.timeout);
  const timer = ms === null ? undefined : setTimeout(() => stop.abort('timeout'), ms);
  const live = process.stderr.isTTY && process.env.TERM !== 'dumb' && !options.json;
  let last: Window | undefined;
  try {
    last = await (live ? showLive : showPlain)(client, id, stop.signal);
  } finally {
    clearTimeout(timer);
    giveBack();
    stop.abort('over');
  }
  if (last && hasEnded(last)) return finish(client, last, options);
  const back = `slackwater window watch ${id}`;
  if (stop.signal.reason === 'timeout') {
    throw new TimedOut(
      `window ${id} is not done after ${options.timeout} and goes on: watch it again with "${back}"`,
    );
  }
  say(`\nThe window goes on. Watch it again: ${back} · end it: slackwater window abort ${id}`);
  exitIfDetached(stop.signal);
}

/** Prints the report of a window that is done; where it is held, what may be chosen too. @throws Exit */
async function finish(client: Client, window: Window, options: WatchOptions): Promise<void> {
  const report = await client.get<Report>(`/v1/windows/${encodeURIComponent(window.id)}/report`);
  if (options.json) printJson(report);
  else {
    const style = styleOf(process.stdout);
    printLines([...reportLines(report, style), ...apart(heldLines(window, Date.now(), style))]);
  }
  const code = exitOfOutcome(report.outcome);
  if (code !== 0) throw new Exit(code);
}

async function showPlain(client: Client, id: string, signal: AbortSignal): Promise<Window | undefined> {
  let before: Window | null = null;
  let trouble: string | null = null;
  for await (const look of followWindow(client, id, signal)) {
    for (const line of changes(before, look.window)) say(line);
    if (look.trouble && look.trouble !== trouble) say(look.trouble);
    trouble = look.trouble;
    before = look.window;
  }
  return before ?? undefined;
}

async function showLive(client: Client, id: string, signal: AbortSignal): Promise<Window | undefined> {
  const screen = createScreen(process.stderr);
  const style = styleOf(process.stderr);
  let last: { window: Window; trouble: string | null } | undefined;
  const draw = () => {
    if (!last) return;
    const width = process.stderr.columns || 80;
    screen.draw(frame(last.window, { now: Date.now(), width, style, trouble: last.trouble }));
  };
  const ticker = setInterval(draw, FRAME_MS);
  try {
    for await (const look of followWindow(client, id, signal)) last = look;
  } finally {
    clearInterval(ticker);
    // The report takes the place of the frame; a window that goes on keeps its last one.
    if (last && hasEnded(last.window)) screen.clear();
    else {
      draw();
      screen.leave();
    }
  }
  return last?.window;
}
