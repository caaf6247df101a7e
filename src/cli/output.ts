import { createStyle, linesWithin, type Style } from './show/style.js';

/** Data, for people or programs: the only thing that goes to stdout. */
export const print = (text: string): void =>
  void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
/** Lines for people: on a terminal they are broken to its width. */
export const printLines = (lines: string[]): void => print(fitted(lines, process.stdout));
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));
/** What happens meanwhile: stderr, so that stdout can be piped. Broken like lines. */
export const say = (text: string): void => void process.stderr.write(`${fitted([text], process.stderr)}\n`);

interface Stream {
  isTTY?: boolean;
  columns?: number;
}

const fitted = (entries: string[], stream: Stream): string =>
  linesWithin(entries, columnsOf(stream)).join('\n');

const columnsOf = ({ isTTY, columns }: Stream): number => (isTTY && columns) || Number.POSITIVE_INFINITY;

/** Colour only where a person looks: on a terminal, without `NO_COLOR` (or with `FORCE_COLOR`). */
export function styleOf(stream: Stream, env: NodeJS.ProcessEnv = process.env): Style {
  const create = (coloured: boolean) => createStyle(coloured, columnsOf(stream));
  if (env.NO_COLOR) return create(false);
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return create(true);
  return create(stream.isTTY === true && env.TERM !== 'dumb');
}
