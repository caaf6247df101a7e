import type { Style } from './style.js';

const LEVELS: Record<number, string> = { 10: 'trace', 20: 'debug', 40: 'warn', 50: 'error', 60: 'fatal' };
/** Said by where the line stands, or shown in a place of their own. */
const APART = new Set(['level', 'time', 'msg', 'run', 'job', 'attempt', 'err', 'pid', 'hostname', 'v']);

/** A line of a run's log for reading: time, level unless it is `info`, message, the other fields as `key=value`, a stack below. */
export function logLine(text: string, style: Style): string {
  const line = parse(text);
  if (!line) return text;
  const level = LEVELS[line.level as number];
  const attempt = Number(line.attempt) > 1 ? { attempt: line.attempt } : {};
  const fields = Object.entries(line).filter(([name]) => !APART.has(name));
  const { message, stack } = (line.err ?? {}) as { message?: string; stack?: string };
  const said = line.msg ?? message;
  const first = [
    style.dim(timeText(line.time)),
    level && (Number(line.level) >= 50 ? style.red : style.yellow)(level),
    said === undefined ? '' : String(said),
    ...[...Object.entries(attempt), ...fields].map(
      ([name, value]) => `${style.cyan(`${name}=`)}${plain(value)}`,
    ),
  ];
  return [
    first.filter(Boolean).join('  '),
    ...(stack ?? message ?? '')
      .split('\n')
      .filter(Boolean)
      .map(below => style.dim(`    ${below.trim()}`)),
  ].join('\n');
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function timeText(time: unknown): string {
  const date = new Date(time as number | string);
  return time === undefined || Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/** A text that needs no quotes stands without. */
const plain = (value: unknown): string =>
  typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
