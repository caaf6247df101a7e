import type { Window } from '../../model/window.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { printJson, printLines, say, styleOf } from '../output.js';
import { askedLines, windowLines } from '../show/window.js';

/*
 * What an operator asks of a window. The engine acts on it at its next look: the answer is the window with the request noted.
 */

type Verb = 'abort' | 'cancel' | 'start' | 'end';

async function ask(verb: Verb, id: string, options: CommonOptions, body?: object): Promise<void> {
  const window = await connect(options).post<Window>(`/v1/windows/${part(id)}/${verb}`, body);
  if (options.json) printJson(window);
  else printLines(askedLines(window, verb, styleOf(process.stdout)));
}
export const start = (id: string, options: CommonOptions) => ask('start', id, options);
export const cancel = (id: string, options: CommonOptions) => ask('cancel', id, options);
export const abort = (id: string, options: CommonOptions) => ask('abort', id, options);
export const end = (id: string, { choice, ...options }: CommonOptions & { choice?: string }) =>
  ask('end', id, options, { choice });

/** It may begin from here on. */
export async function approve(id: string, options: CommonOptions & { as?: string }): Promise<void> {
  const window = await connect(options).post<Window>(`/v1/windows/${part(id)}/approve`);
  if (options.json) return printJson(window);
  printLines(windowLines(window, Date.now(), styleOf(process.stdout)));
}

/** Its time is moved at once. */
export async function extend(id: string, options: CommonOptions & { by: string }): Promise<void> {
  const window = await connect(options).post<Window>(`/v1/windows/${part(id)}/extend`, { by: options.by });
  if (options.json) return printJson(window);
  printLines(windowLines(window, Date.now(), styleOf(process.stdout)));
  say(`\nWatch it: slackwater window watch ${window.id}`);
}
