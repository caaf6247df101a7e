import type { Window } from '../../model/window.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, say, styleOf } from '../output.js';
import { windowLines } from '../show/window.js';

/*
 * What an operator asks of a window. The engine acts on it at its next look: the answer is the window with the request noted.
 */

const ask = (verb: 'abort' | 'cancel' | 'start') => async (id: string, options: CommonOptions) => {
  const window = await connect(options).post<Window>(`/v1/windows/${part(id)}/${verb}`);
  answer(window, options);
};
export const start = ask('start');
export const cancel = ask('cancel');
export const abort = ask('abort');

export async function extend(id: string, options: CommonOptions & { by: string }): Promise<void> {
  answer(await connect(options).post<Window>(`/v1/windows/${part(id)}/extend`, { by: options.by }), options);
}

function answer(window: Window, options: CommonOptions): void {
  if (options.json) return printJson(window);
  print(windowLines(window, Date.now(), styleOf(process.stdout)).join('\n'));
  if (window.phase !== 'done') say(`\nWatch it: slackwater window watch ${window.id}`);
}
