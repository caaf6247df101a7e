import type { RunError } from '../model/run.js';
import type { Clock } from '../platform/clock.js';
import { formatDuration } from '../platform/duration.js';
import type { Logger } from '../platform/logger.js';
import { printable } from '../platform/printable.js';
import type { HeldRun } from './held-run.js';

/** So many lines of one kind a minute; the rest is counted. */
const MOST = 5;
const MINUTE_MS = 60_000;
const LONGEST = 300;

/** What went wrong with runs, a line each in the host's log. A release whose runs all fail does not fill the disk. */
export class ToldRuns {
  readonly #kinds = new Map<
    string,
    { level: 'info' | 'warn'; told: number; more: number; cancel: () => void }
  >();

  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
  ) {}

  /** @param next when it is tried again, ms from now; `null`: this was the last attempt. */
  failed(run: HeldRun, error: RunError, next: number | null): void {
    const { runId } = run.claimed;
    const went = `${nameOf(run)} failed, attempt ${run.failures + 1}: ${said(error)}`;
    if (next === null)
      this.#say('warn', run, 'failed', `${went}; no attempt is left: slackwater runs show ${runId}`);
    else this.#say('info', run, 'failed and are tried again', `${went}; again in ${formatDuration(next)}`);
  }

  parked(run: HeldRun, reason: string): void {
    const text = `${nameOf(run)} is parked until a person decides: ${brief(reason)}: slackwater runs show ${run.claimed.runId}`;
    this.#say('warn', run, 'were parked', text);
  }

  /** From now on, until it advances. */
  alone(run: HeldRun, why: string): void {
    const text = `${nameOf(run)} waits to run alone, one such run at a time until it advances: ${why}`;
    this.#say('info', run, 'wait to run alone', text);
  }

  /** It did not stop though it was told to, and is stopped with its worker. */
  deaf(run: HeldRun): void {
    const text = `${nameOf(run)} did not stop when it was told to (${run.abort}): its worker is ended, and what else runs there goes on from its last save`;
    this.#say('warn', run, 'did not stop when they were told to', text);
  }

  /** Every minute's rest, now. */
  flush(): void {
    for (const [kind, { cancel }] of this.#kinds) {
      cancel();
      this.#sum(kind);
    }
  }

  #say(level: 'info' | 'warn', run: HeldRun, what: string, text: string): void {
    const kind = `of ${run.job} ${what}`;
    let known = this.#kinds.get(kind);
    if (!known) {
      known = { level, told: 0, more: 0, cancel: this.clock.after(MINUTE_MS, () => this.#sum(kind)) };
      this.#kinds.set(kind, known);
    }
    if (known.told < MOST) {
      known.told++;
      this.log[level]({ run: run.claimed.runId, job: run.job, release: run.release }, text);
    } else known.more++;
  }

  #sum(kind: string): void {
    const { level, more } = this.#kinds.get(kind)!;
    this.#kinds.delete(kind);
    if (more > 0) this.log[level](`${more} times more in this minute: runs ${kind}`);
  }
}

const nameOf = (run: HeldRun): string => `run ${run.claimed.runId} (${run.job})`;
const said = ({ name, message }: RunError): string => brief(`${name}: ${message}`);

function brief(text: string): string {
  const [line = ''] = text.split('\n', 1);
  const shown = printable(line.slice(0, LONGEST));
  return line.length < text.length || line.length > LONGEST ? `${shown}…` : shown;
}
