import { createStyle, type Style, wrap } from './show/style.js';

/** Data, for people or programs: the only thing that goes to stdout. */
export const print = (text: string): void =>
  void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
/** Lines for people: on a terminal they are broken to its width. */
export const printLines = (lines: string[]): void => {
  const { isTTY, columns } = process.stdout;
  print((isTTY && columns ? lines.flatMap(line => wrap(line, columns)) : lines).join('\n'));
};
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));
/** What happens meanwhile: stderr, so that stdout can be piped. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Colour only where a person looks: on a terminal, without `NO_COLOR` (or with `FORCE_COLOR`). */
export function styleOf(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Style {
  if (env.NO_COLOR) return createStyle(false);
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return createStyle(true);
  return createStyle(stream.isTTY === true && env.TERM !== 'dumb');
}
