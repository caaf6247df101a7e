import { appendFileSync } from 'node:fs';

/** What happened to one item, written where no scheduler keeps its own books. */
export interface LedgerLine {
  run: string;
  job: string;
  item: string;
  attempt: number;
  release: string;
  fence: number;
}

/** The part of `ctx` that a ledger line names. */
export type Who = Pick<
  { runId: string; job: string; attempt: number; release: string; fence: number },
  'runId' | 'job' | 'attempt' | 'release' | 'fence'
>;

/**
 * Writes the effect of one item as one JSON line.
 *
 * Call it before the checkpoint that moves past the item. A run stops for a deploy only at a checkpoint, so then no item is done
 * twice; after a crash, items done since the last saved checkpoint come again, and the line tells which (same `run` and `item`, a
 * higher `fence`).
 *
 * @param ledger path of the file; left out: nothing is written.
 */
export function record(ledger: string | undefined, ctx: Who, item: string | number): void {
  if (!ledger) return;
  const line: LedgerLine = {
    run: ctx.runId,
    job: ctx.job,
    item: String(item),
    attempt: ctx.attempt,
    release: ctx.release,
    fence: ctx.fence,
  };
  // Appends shorter than a page do not mix, even with many workers writing at once.
  appendFileSync(ledger, `${JSON.stringify(line)}\n`);
}
