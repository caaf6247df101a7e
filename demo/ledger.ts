import { readFileSync } from 'node:fs';
import type { LedgerLine } from '../jobs/_ledger.js';

export interface Count {
  lines: number;
  /** Effects that came more than once. */
  repeated: number;
  /** Effects that never came. */
  lost: number;
  /** Highest attempt in any line: 1 when nothing was ever tried again. */
  attempt: number;
  /** Runs with effects from more than one release. */
  moved: number;
}

/**
 * Counts the effects from the file that the jobs wrote, knowing nothing of the scheduler's own books.
 *
 * @param expected for each run, the names of its items.
 */
export function countLedger(path: string, expected: Map<string, string[]>): Count {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as LedgerLine);
  const seen = new Set(lines.map(line => `${line.run} ${line.item}`));
  const releases = new Map<string, Set<string>>();
  for (const { run, release } of lines) releases.set(run, (releases.get(run) ?? new Set()).add(release));
  let lost = 0;
  for (const [run, items] of expected) lost += items.filter(item => !seen.has(`${run} ${item}`)).length;
  return {
    lines: lines.length,
    repeated: lines.length - seen.size,
    lost,
    attempt: Math.max(0, ...lines.map(line => line.attempt)),
    moved: [...releases.values()].filter(({ size }) => size > 1).length,
  };
}
