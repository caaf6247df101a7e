import { padEnd, padStart, type Style, widthOf } from './style.js';

export interface Column<Row> {
  title: string;
  value(row: Row): string;
  /** Numbers read better from the right. */
  right?: boolean;
}

/** Aligned columns with two spaces between, a dim header, no frame. Nothing to show: `empty` alone. */
export function table<Row>(rows: Row[], columns: Column<Row>[], style: Style, empty = 'none'): string {
  if (rows.length === 0) return style.dim(empty);
  const cells = rows.map(row => columns.map(column => column.value(row)));
  const widths = columns.map((column, i) =>
    Math.max(widthOf(column.title), ...cells.map(row => widthOf(row[i]!))),
  );
  const line = (texts: string[]) =>
    texts
      .map((text, i) => (columns[i]!.right ? padStart(text, widths[i]!) : padEnd(text, widths[i]!)))
      .join('  ')
      .trimEnd();
  const header = line(columns.map(({ title }) => title.toUpperCase()));
  return [style.dim(header), ...cells.map(line)].join('\n');
}

/** `name   value` lines, the names dim and aligned; entries without a value are left out. */
export function facts(
  entries: [name: string, value: string | null | undefined][],
  style: Style,
  indent = '',
): string[] {
  const shown = entries.filter((entry): entry is [string, string] => Boolean(entry[1]));
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${indent}${style.dim(name.padEnd(width))}  ${value}`);
}
