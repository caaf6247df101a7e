import { readFileSync } from 'node:fs';
import { ROOT } from './processes.js';

/** The `ts` blocks of a document, with the path that the line before one names. */
export function codeIn(document: string): { path: string | undefined; text: string }[] {
  const text = readFileSync(ROOT + document, 'utf8');
  const blocks = text.matchAll(/(?:^`([\w/.]+\.ts)`[^\n]*:\n\n)?^```ts\n(.*?)^```$/gms);
  return [...blocks].map(([, path, text = '']) => ({ path, text }));
}
