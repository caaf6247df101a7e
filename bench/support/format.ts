import type { Unit } from './bench.js';
import { spreadOf } from './stats.js';

/** Three significant digits at most, thousands separated. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString('en-US');
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 1 || size === 0 ? 2 : 3);
}

/** `92.0 (81.5–130)`; `–` for what was not measured. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const { median, min, max } = spreadOf(values);
  return values.length === 1
    ? `${number(median)} (one)`
    : `${number(median)} (${number(min)}–${number(max)})`;
}

export const growthText = (exponent: number | null): string =>
  exponent === null ? '' : `n^${exponent.toFixed(2)}`;

export const unitText: Record<Unit, string> = {
  ms: 'milliseconds',
  µs: 'microseconds',
  '/s': 'a second',
  '%': 'per cent',
  B: 'bytes',
  steps: 'steps',
};
