import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Line } from '../audit/line.js';

let fd: number | undefined;

/** Each process has a file of its own. A line is one write, so it is there or it is not, however the process ends. */
function write(dir: string, line: Line): void {
  fd ??= openSync(join(dir, `${process.pid}-${Date.now()}.jsonl`), 'a');
  writeSync(fd, `${JSON.stringify(line)}\n`);
}

interface Doer {
  runId: string;
  attempt: number;
  fence: number;
  release: string;
}

/** What one start of a run notes of itself, where neither Slackwater nor Redis can reach. */
export function noteIn(dir: string, { runId: run, fence, attempt, release }: Doer) {
  const at = () => Number(process.hrtime.bigint() / 1_000n);
  return {
    started: (next: number) => write(dir, { t: 'start', run, fence, at: at(), attempt, release, next }),
    begins: (what: number | string) => write(dir, { t: 'begin', run, fence, at: at(), what }),
    isSure: (what: number | string, value?: unknown) =>
      write(dir, { t: 'sure', run, fence, at: at(), what, ...(value !== undefined && { value }) }),
    unconfirmed: () => write(dir, { t: 'unconfirmed', run, fence, at: at() }),
  };
}
