const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Colour = keyof typeof CODES;

/** Text in colours, or as it is, and how much of it there is room for in a line: without end where no terminal shows it. */
export type Style = Record<Colour, (text: string) => string> & { columns: number };

export function createStyle(enabled: boolean, columns = Number.POSITIVE_INFINITY): Style {
  const entries = Object.entries(CODES).map(([name, [on, off]]) => [
    name,
    enabled ? (text: string) => `\u001B[${on}m${text}\u001B[${off}m` : (text: string) => text,
  ]);
  return { ...Object.fromEntries(entries), columns } as Style;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence is what is looked for
const ESCAPES = /(\u001B\[\d+m)/g;
const bare = (text: string): string => text.replace(ESCAPES, '');
/** How many columns a text takes on screen. */
export const widthOf = (text: string): number => [...bare(text)].length;
export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));
export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + text;

/** Breaks a line at spaces so that no part is wider than `width`; what follows stands `further` in. A word that is wider stays whole, to be copied. */
export function wrap(text: string, width: number, further = 2): string[] {
  if (widthOf(text) <= width) return [text];
  const [indent = ''] = /^ */.exec(bare(text)) ?? [];
  const lines: string[] = [];
  let line = '';
  for (const [word] of text.matchAll(/ *[^ ]+/g)) {
    if (bare(line).trim() !== '' && widthOf(line + word) > width) {
      lines.push(line);
      line = `${indent}${' '.repeat(further)}${word.trimStart()}`;
    } else line += word;
  }
  return [...lines, line];
}

/** Lines that are no wider. An entry may be several of them, as a table is. */
export const linesWithin = (entries: string[], width: number): string[] =>
  entries.flatMap(entry => entry.split('\n')).flatMap(line => wrap(line, width));

/** Cuts a line to `width` columns, escape sequences not counted, with `…` where something is left out. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let left = Math.max(0, width - 1);
  let cut = '';
  let marked = false;
  // Escapes are kept even past the cut, so that a colour begun is ended.
  for (const part of text.split(ESCAPES)) {
    if (part.startsWith('\u001B')) cut += part;
    else {
      const kept = [...part].slice(0, left);
      left -= kept.length;
      cut += kept.join('');
      if (left === 0 && !marked) {
        cut += '…';
        marked = true;
      }
    }
  }
  return cut;
}
