import type { Window } from '../../model/window.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, printLines, say, styleOf } from '../output.js';
import { askedLines, windowLines } from '../show/window.js';

/*
 * What an operator asks of a window. The engine acts on it at its next look: the answer is the window with the request noted.
 */

const ask = (verb: 'abort' | 'cancel' | 'start') => async (id: string, options: CommonOptions) => {
  const window = await connect(options).post<Window>(`/v1/windows/${part(id)}/${verb}`);
  if (options.json) printJson(window);
  else for (const line of askedLines(window, verb, styleOf(process.stdout))) print(line);
};
export const start = ask('start');
export const cancel = ask('cancel');
export const abort = ask('abort');

/** Its time is moved at once. */
export async function extend(id: string, options: CommonOptions & { by: string }): Promise<void> {
  const window = await connect(options).post<Window>(`/v1/windows/${part(id)}/extend`, { by: options.by });
  if (options.json) return printJson(window);
  printLines(windowLines(window, Date.now(), styleOf(process.stdout)));
  say(`\nWatch it: slackwater window watch ${window.id}`);
}
