import { Temporal } from 'temporal-polyfill';
import { SlackwaterError } from './errors.js';

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time as people write it: `"90s"`, `"10m"`, `"250ms"`, `"1h30m"`, ISO 8601 (`"PT90S"`), or milliseconds. */
export type Duration = string | number;

/** @returns milliseconds. @throws SlackwaterError `bad-request` that shows the accepted forms. */
export function parseDuration(value: Duration): number {
  const ms = typeof value === 'number' ? value : (parseShort(value) ?? parseIso(value));
  if (ms === undefined || !Number.isFinite(ms) || ms < 0) {
    throw new SlackwaterError(
      'bad-request',
      `${JSON.stringify(value)} is not a duration: write "250ms", "90s", "10m", "2h", "1d" or ISO 8601 such as "PT90S"`,
    );
  }
  return Math.round(ms);
}

function parseShort(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(amount) * UNITS[unit!]!;
  return total;
}

function parseIso(text: string): number | undefined {
  if (!/^P/.test(text)) return undefined;
  try {
    // A day is 24 hours here: a deadline does not stretch with daylight saving time.
    return Temporal.Duration.from(text).total({
      unit: 'millisecond',
      relativeTo: Temporal.PlainDate.from('2000-01-01'),
    });
  } catch {
    return undefined;
  }
}

/** @returns a short text for people: `480ms`, `2.3s`, `4m10s`, `2h05m`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)}s`;
  if (ms < 3_600_000)
    return `${Math.floor(ms / 60_000)}m${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, '0')}s`;
  return `${Math.floor(ms / 3_600_000)}h${String(Math.floor((ms % 3_600_000) / 60_000)).padStart(2, '0')}m`;
}
