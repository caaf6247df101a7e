import { padEnd, padStart, type Style, widthOf, wrap } from './style.js';

export interface Column<Row> {
  title: string;
  value(row: Row): string;
  /** Numbers read better from the right. */
  right?: boolean;
  /** Sentences and lists: they may be broken at words. */
  text?: boolean;
}

/** A text is broken in its column where that makes about three lines of it at most; else it stands below. */
const MOST_LINES = 3;
const NARROWEST = 12;
const INDENT = 2;
const GAP = 2;

/**
 * Aligned columns with two spaces between, a dim header, no frame. Nothing to show: `empty` alone. On a terminal that is too narrow texts are broken
 * at words, and columns that do not fit stand in a further line, a little in: nothing is left out.
 */
export function table<Row>(rows: Row[], columns: Column<Row>[], style: Style, empty = 'none'): string {
  if (rows.length === 0) return style.dim(empty);
  const titles = columns.map(({ title }) => title.toUpperCase());
  const cells = rows.map(row => columns.map(column => column.value(row)));
  const widths = titles.map((title, i) => Math.max(widthOf(title), ...cells.map(row => widthOf(row[i]!))));
  const lines = arrange(columns, widths, style.columns);
  const linesOf = (texts: string[]) => lines.flatMap(places => lineOf(places, texts));
  return [...linesOf(titles).map(style.dim), ...cells.flatMap(linesOf)].join('\n');
}

/** Where a column stands in its line. */
interface Place {
  column: number;
  from: number;
  width: number;
  right: boolean;
}

/** Which columns stand in which line of a row, and how wide. */
function arrange(columns: Omit<Column<never>, 'value'>[], widths: number[], most: number): Place[][] {
  const lines: Place[][] = [[]];
  let from = 0;
  for (const [column, { text = false, right = false }] of columns.entries()) {
    const width = widths[column]!;
    const fits = (room: number) => room >= width || (text && room >= Math.max(NARROWEST, width / MOST_LINES));
    if (lines.at(-1)!.length > 0 && !fits(most - from)) {
      lines.push([]);
      from = INDENT;
    }
    const place = { column, from, right, width: text ? Math.min(width, most - from) : width };
    lines.at(-1)!.push(place);
    from += place.width + GAP;
  }
  return lines;
}

/** One line, or several where a text is broken. */
function lineOf(places: Place[], texts: string[]): string[] {
  const parts = places.map(({ column, width }) => wrap(texts[column]!, width, 0));
  const height = Math.max(...parts.map(({ length }) => length));
  return Array.from({ length: height }, (_, i) => {
    let line = '';
    for (const [at, { from, width, right }] of places.entries()) {
      const part = parts[at]![i] ?? '';
      line = padEnd(line, from) + (right ? padStart(part, width) : padEnd(part, width));
    }
    return line.trimEnd();
  });
}

/** `name   value` lines, the names dim and aligned, a value that is broken under itself; entries without a value are left out. */
export function facts(
  entries: [name: string, value: string | null | undefined][],
  style: Style,
  indent = '',
): string[] {
  const shown = entries.filter((entry): entry is [string, string] => Boolean(entry[1]));
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.flatMap(([name, value]) =>
    wrap(`${indent}${style.dim(name.padEnd(width))}  ${value}`, style.columns, width + GAP),
  );
}
