import { readFileSync } from 'node:fs';
import { ROOT } from '../../support/processes.js';

/** Something that a document shows: one command of a `sh` block, or the whole of a `ts` block. */
export interface Shown {
  kind: 'sh' | 'ts';
  text: string;
}

/** What a document shows, in its order. Blocks in other languages are pictures. */
export function shownIn(file: string): Shown[] {
  const document = readFileSync(ROOT + file, 'utf8');
  return [...document.matchAll(/^```(sh|ts)\n(.*?)^```$/gms)].flatMap(([, kind, text = '']): Shown[] =>
    kind === 'sh' ? linesOf(text).map(text => ({ kind, text })) : [{ kind: 'ts', text }],
  );
}

/** Commands such as `npm run demo` that stand within sentences. */
export function inlineIn(file: string, beginning: string): string[] {
  const spans = [...readFileSync(ROOT + file, 'utf8').matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  return spans.filter(text => text.startsWith(beginning));
}

/** The commands of all `sh` blocks of a text. */
export const commandsIn = (text: string): string[] =>
  [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => linesOf(block));

function linesOf(block: string): string[] {
  return block
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map(line => line.replace(/\s+#\s.*$/, '').trim())
    .filter(line => line !== '' && !line.startsWith('#'));
}

/** The words of a command as a shell would pass them. Of its grammar only quotes are known. */
export function wordsOf(command: string): string[] {
  if (/[$`;|&<>\\]/.test(command.replaceAll(/'[^']*'/g, '')))
    throw new Error(`this needs a shell, which these tests do without: ${command}`);
  const words = command.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map(word => word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'));
}
