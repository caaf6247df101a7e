import { SlackwaterError } from './errors.js';

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest, ms: longer ones lead to instants that no calendar has. */
export const MOST_MS = 100 * 365.25 * UNITS.d!;

/** A length of time as people write it: `"90s"`, `"10m"`, `"250ms"`, `"1h30m"`, ISO 8601 (`"PT90S"`), or milliseconds. */
export type Duration = string | number;

/** @returns milliseconds. @throws SlackwaterError `bad-request` that shows the accepted forms, or says that a century is the most. */
export function parseDuration(value: Duration): number {
  const ms = typeof value === 'number' ? value : (parseShort(value) ?? parseIso(value));
  if (ms === undefined || !Number.isFinite(ms) || ms < 0) {
    throw new SlackwaterError(
      'bad-request',
      `${JSON.stringify(value)} is not a duration: write "250ms", "90s", "10m", "2h", "1d" or ISO 8601 such as "PT90S"`,
    );
  }
  if (ms > MOST_MS)
    throw new SlackwaterError(
      'bad-request',
      `${JSON.stringify(value)} is longer than a century: write a shorter one`,
    );
  return Math.round(ms);
}

function parseShort(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(amount) * UNITS[unit!]!;
  return total;
}

/** Weeks, days and times only: months and years have no length of their own, and a day is 24 hours here, daylight saving or not. */
function parseIso(text: string): number | undefined {
  const [whole, weeks, days, time] =
    /^P(?:(\d+)W)?(?:(\d+)D)?(T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/.exec(text) ?? [];
  if (whole === undefined || whole === 'P' || time === 'T') return undefined;
  const inTime = (unit: string) => Number(new RegExp(`([\\d.]+)${unit}`).exec(time ?? '')?.[1] ?? 0);
  const seconds = inTime('H') * 3_600 + inTime('M') * 60 + inTime('S');
  return (Number(weeks ?? 0) * 7 + Number(days ?? 0)) * UNITS.d! + seconds * 1_000;
}

/** @returns a short text for people: `480ms`, `2.3s`, `4m10s`, `2h05m`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)}s`;
  if (ms < 3_600_000)
    return `${Math.floor(ms / 60_000)}m${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, '0')}s`;
  return `${Math.floor(ms / 3_600_000)}h${String(Math.floor((ms % 3_600_000) / 60_000)).padStart(2, '0')}m`;
}
