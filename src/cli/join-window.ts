import type { Window } from '../model/window.js';
import { isOver } from '../model/window-defaults.js';
import { targetOf } from '../window/direction.js';
import type { Client } from './client.js';
import { EXIT } from './exit-codes.js';
import { type WatchOptions, watchWindow } from './live/watch-window.js';
import { printJson, printLines, say, styleOf } from './output.js';
import { Exit } from './report-error.js';
import { windowLines } from './show/window.js';

/** So many of the newest windows are looked at: one under way is older only where as many were declared after it. */
const LOOK_AT = 100;

/** Windows of the app that have begun, or whose time has come, and that are not over. */
export async function windowsUnderWay(client: Client, app: string): Promise<Window[]> {
  const windows = await client.list<Window>('/v1/windows', { app }, LOOK_AT);
  const hasCome = ({ phase, startsAt }: Window) =>
    phase !== 'scheduled' || Date.parse(startsAt) <= Date.now();
  return windows.filter(window => !isOver(window) && hasCome(window));
}

/** The one that goes to this release. On its way back a window goes to the former one. */
export const goingTo = (windows: Window[], release: string): Window | undefined =>
  windows.find(window => targetOf(window) === release);

/**
 * What `deploy` does where a window goes to its release already: until that is over nobody knows whether the app keeps it. Watches it; with `detach`
 * prints it.
 * @throws Exit with the code of its outcome; not watched, with that of a conflict, or of `held`: success would say too much.
 */
export async function joinWindow(
  client: Client,
  window: Window,
  options: WatchOptions & { detach?: boolean },
): Promise<void> {
  const { id, phase, outcome } = window;
  say(
    `window ${id} (${outcome ?? phase}) goes to ${targetOf(window)} already, and no other is opened; it goes as it was declared`,
  );
  if (!options.detach) return watchWindow(client, id, options);
  if (options.json) printJson(window);
  else printLines(windowLines(window, Date.now(), styleOf(process.stdout)));
  throw new Exit(window.held ? EXIT.held : EXIT.conflict);
}
