import { formatDuration } from '../../platform/duration.js';
import { printable } from '../../platform/printable.js';

/** `3.2s ago`, `in 10m00s`, `-` for never. */
export function when(at: string | null | undefined, now: number): string {
  if (!at) return '-';
  const ms = Date.parse(at) - now;
  return ms > 0 ? `in ${formatDuration(ms)}` : `${formatDuration(-ms)} ago`;
}

/** `1 run`, `2 runs`. */
export const plural = (count: number, word: string, words = `${word}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? word : words}`;

/** A share from 0 to 1: `7.5%`. */
export const percent = (share: number): string => `${Math.round(share * 1_000) / 10}%`;

export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`;
  return count < 1_024 ** 2 ? `${(count / 1_024).toFixed(1)} KiB` : `${(count / 1_024 ** 2).toFixed(1)} MiB`;
}

/** A JSON value on one line, cut where it would flood the screen. */
export function brief(value: unknown, width = 60): string {
  const text = value === undefined ? '' : JSON.stringify(value);
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** The first line of what somebody else wrote, cut where it would flood the screen. */
export function line(text: string, width: number): string {
  const first = printable(text.split('\n', 1)[0]!);
  return first.length <= width ? first : `${first.slice(0, width - 1)}…`;
}

/** A bar of `width` columns, filled in eighths of a column. */
export function bar(part: number, whole: number, width: number): string {
  const eighths = whole > 0 ? Math.round(Math.min(1, part / whole) * width * 8) : 0;
  const full = Math.floor(eighths / 8);
  const partial = full < width ? ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]! : '';
  return ('█'.repeat(full) + partial).padEnd(width, '░');
}

/** With an empty line before them, if there are any. */
export const apart = (lines: string[]): string[] => (lines.length > 0 ? ['', ...lines] : []);
