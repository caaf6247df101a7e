import { existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from './clock.js';

/** One start of one run: the steps `first` … `last` that it took, and when. Times are ms of the monotonic clock. */
export interface Stretch {
  run: string;
  /** Which code took the steps. */
  by: string;
  pid: number;
  attempt: number;
  first: number;
  last: number;
  enteredAt: number;
  /** When the first and the last of these steps were done. */
  firstAt: number;
  lastAt: number;
  /** The checksum that the state carried after `last`. */
  sum: number;
}

/** Room for one line: in a durable ledger each stretch has its fixed place in the file. */
const LINE_BYTES = 256;
const LOOK_EVERY_MS = 100;

/**
 * What the runs of one process did, kept apart from every scheduler's own books. Writing a file at each step would cost more than what is
 * measured, so it is kept in memory and written when the process exits, or when the bench has asked the runs to finish. A `durable` ledger
 * writes each step at once, and so outlives SIGKILL.
 */
export class Ledger {
  /** Each with its place in the file. */
  readonly #stretches = new Map<Stretch, number>();
  readonly #file: string;
  readonly #finish: string;
  readonly #fd: number | null;
  #open = 0;
  #dirty = false;
  readonly #asked = new AbortController();
  /** Aborted when the bench asks: runs end at their next step. */
  readonly finished = this.#asked.signal;
  /** The same, for a loop that looks often. */
  finishing = false;

  constructor(
    dir: string,
    private readonly by: string,
    durable = false,
  ) {
    this.#file = join(dir, `${by}-${process.pid}.jsonl`);
    this.#finish = join(dir, 'finish');
    this.#fd = durable ? openSync(this.#file, 'w') : null;
    process.on('exit', () => this.#write());
    const look = setInterval(() => {
      if (!existsSync(this.#finish)) return;
      clearInterval(look);
      this.finishing = true;
      this.#asked.abort();
      if (this.#open === 0) this.#write();
    }, LOOK_EVERY_MS);
    look.unref();
  }

  begin(run: string, attempt: number): Stretch {
    this.#open++;
    const stretch: Stretch = {
      run,
      by: this.by,
      pid: process.pid,
      attempt,
      first: 0,
      last: 0,
      enteredAt: monotonicMs(),
      firstAt: 0,
      lastAt: 0,
      sum: 0,
    };
    this.#stretches.set(stretch, this.#stretches.size);
    return stretch;
  }

  did(stretch: Stretch, step: number, sum: number): void {
    stretch.lastAt = monotonicMs();
    stretch.last = step;
    stretch.sum = sum;
    if (stretch.first === 0) {
      stretch.first = step;
      stretch.firstAt = stretch.lastAt;
    }
    this.#dirty = true;
    if (this.#fd === null) return;
    const line = `${JSON.stringify(stretch).padEnd(LINE_BYTES - 1)}\n`;
    writeSync(this.#fd, line, this.#stretches.get(stretch)! * LINE_BYTES);
  }

  /** A run of a single step. */
  once(run: string): null {
    this.did(this.begin(run, 1), 1, 0);
    this.end();
    return null;
  }

  /** A run has left, whatever the reason. The last one of a process that finishes writes the file. */
  end(): void {
    this.#open--;
    if (this.finishing && this.#open === 0) this.#write();
  }

  #write(): void {
    if (!this.#dirty || this.#fd !== null) return;
    this.#dirty = false;
    const lines = [...this.#stretches.keys()].map(stretch => `${JSON.stringify(stretch)}\n`);
    writeFileSync(this.#file, lines.join(''));
  }
}

const ledgers = new Map<string, Ledger>();

/** The ledger of this process for one round. */
export function ledgerOf(dir: string, by: string, durable = false): Ledger {
  const key = `${dir} ${by}`;
  const known = ledgers.get(key) ?? new Ledger(dir, by, durable);
  ledgers.set(key, known);
  return known;
}
