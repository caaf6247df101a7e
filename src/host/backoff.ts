import type { JobManifest } from '../model/release.js';

const MOST_MS = 24 * 3_600_000;

/** @returns ms to wait before the next attempt, after `failures` in a row (1 or more). */
export function backoffMs(backoff: JobManifest['backoff'] | undefined, failures: number): number {
  if (!backoff) return 0;
  const factor = backoff.type === 'exponential' ? 2 ** (failures - 1) : 1;
  return Math.min(backoff.delayMs * factor, MOST_MS);
}
