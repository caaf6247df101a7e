import { appendFileSync } from 'node:fs';

/** One effect of a run, written where Slackwater cannot reach: what was done is counted from this file alone. */
export interface Effect {
  run: string;
  item: number;
  attempt: number;
  fence: number;
  release: string;
  pid: number;
  /** Monotonic ns, the same clock in all processes of a machine. */
  at: string;
}

interface Doer {
  runId: string;
  attempt: number;
  fence: number;
  release: string;
}

export function record(ledger: string, { runId, attempt, fence, release }: Doer, item: number): void {
  const at = String(process.hrtime.bigint());
  const effect: Effect = { run: runId, item, attempt, fence, release, pid: process.pid, at };
  // One write with O_APPEND: lines of many processes do not mix.
  appendFileSync(ledger, `${JSON.stringify(effect)}\n`);
}

export const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

export function compute(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
