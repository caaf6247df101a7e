import type { FailedRun, Intent, WindowTally } from '../model/intent.js';
import type { RunEnd } from '../model/run.js';
import type { HeldRun } from './held-run.js';
import type { RunEvents } from './run-events.js';
import { newTally } from './tally.js';

/** By each host. */
const FAILURES_KEPT = 5;
const ERROR_LENGTH = 300;

/** What the watch asks of the app that it watches. */
interface Watched {
  readonly intent: Intent | null;
  finalState(run: HeldRun): void;
}

/** Counts, for the report of a window, what happens to this host's runs while it lasts. Times by the clock of Redis. */
export class WindowWatch implements RunEvents {
  tally: WindowTally | null = null;
  #phase: 'before' | 'draining' | 'after' = 'before';
  #hasReopened = false;
  /** Its runs went on in another release, and then in the former one again. */
  #hasTurned = false;
  /** Whose runs were stopped first. */
  #former: string | null = null;
  #running = 0;
  /** In flight when its runs are stopped again. */
  #again = 0;
  /** Begun here, and neither over nor given back. */
  readonly #begun = new Set<HeldRun>();
  /** Stopped by this window, and not yet seen to go on. Others that start had stopped for another reason, and were not in flight. */
  readonly #stopped = new Set<HeldRun>();
  /** Of those, the ones that were stopped the first time. */
  readonly #stoppedFirst = new Set<HeldRun>();

  constructor(
    private readonly now: () => number,
    private readonly app: Watched,
    private readonly onChange: () => void,
  ) {}

  /** Hooks and probes are no runs of the app's. */
  get held(): number {
    let held = 0;
    for (const run of this.#begun) if (!isTask(run)) held++;
    return held;
  }

  begin(window: string): void {
    this.end();
    this.tally = newTally(window);
    this.#hasReopened = false;
    this.#hasTurned = false;
  }

  /** The window is over and its report written: nothing more is counted. */
  end(): void {
    this.tally = null;
    this.#stopped.clear();
    this.#stoppedFirst.clear();
    this.#phase = 'before';
  }

  /**
   * @param release whose runs are to stop.
   * @returns whether it begins only now. It begins again where a window turns round, or is held: the figures of the stop stay those of the first.
   */
  drainBegins(release: string | null): boolean {
    if (!this.tally || this.#phase === 'draining') return false;
    this.#phase = 'draining';
    // Also those that had stopped the first time, and have found no room since.
    this.#again = this.#running + this.#stopped.size;
    if (!this.#hasReopened) {
      this.#former = release;
      this.tally.inFlight = this.#again;
    }
    return true;
  }

  /** Runs may start again: on the next release, or on the present one after all. @param release in which they go on. */
  reopened(release: string | null): void {
    if (!this.tally || this.#phase !== 'draining') return;
    this.#phase = 'after';
    this.#hasTurned = this.#hasReopened && release === this.#former;
    this.#hasReopened = true;
    if (this.#hasTurned) this.tally.inFlight = Math.max(this.tally.inFlight, this.#again);
  }

  progress(run: HeldRun): void {
    if (this.tally && !this.#hasReopened && isOfApp(run)) this.tally.lastProgressOld = this.now();
  }

  /** A run was handed to a worker. */
  entered(run: HeldRun): void {
    this.#begun.add(run);
    if (!isOfApp(run)) return;
    this.#running++;
    // While the slow ones come in, short runs may still start: they take part in the stop like those that computed when it began.
    const { intent } = this.app;
    if (!this.tally || this.#phase !== 'draining' || intent?.gate !== 'open' || !intent.drain) return;
    const joins = this.#stopped.has(run) ? 0 : 1;
    this.#again += joins;
    if (this.#hasReopened) return;
    this.tally.inFlight += joins;
    this.tally.lastEndOld = null;
  }

  started(run: HeldRun): void {
    const { tally } = this;
    if (tally && this.#phase !== 'before' && !isTask(run)) {
      if (this.#phase === 'after') tally.firstStartNew ??= this.now();
      // One that starts again while it drains is stopped once more.
      if (this.#stopped.delete(run) && this.#phase === 'after' && run.yieldedAt !== null) {
        if (this.#hasTurned) tally.returned = (tally.returned ?? 0) + 1;
        else if (this.#stoppedFirst.delete(run)) tally.resumed++;
        tally.pauses.push(Math.round((this.now() - run.yieldedAt) * 10) / 10);
      }
    }
  }

  advanced(run: HeldRun): void {
    if (!this.tally || isTask(run) || this.#phase !== 'after' || this.tally.firstProgressNew !== null) return;
    this.tally.firstProgressNew = this.now();
    this.onChange();
  }

  left(run: HeldRun): void {
    if (!isOfApp(run)) return this.onChange();
    this.#running--;
    // Only when nothing computes here any more has this host stopped.
    if (this.tally && this.#phase === 'draining' && !this.#hasReopened && this.#running === 0)
      this.tally.lastEndOld = this.now();
    this.onChange();
  }

  yielded(run: HeldRun): void {
    if (this.tally && this.#phase === 'draining' && isOfApp(run)) {
      this.#stops(run);
      if (!this.#hasReopened) this.tally.yielded++;
    }
    this.onChange();
  }

  #stops(run: HeldRun): void {
    this.#stopped.add(run);
    if (!this.#hasReopened) this.#stoppedFirst.add(run);
  }

  leftState(run: HeldRun): void {
    if (run.ahead) return;
    this.app.finalState(run);
  }

  ended(run: HeldRun, end: RunEnd): void {
    this.#forget(run);
    if (!this.tally) return;
    this.#note(this.tally, run, end);
    if (!isOfApp(run)) return;
    if (end.kind === 'failed' && this.#hasReopened) this.tally.failed = (this.tally.failed ?? 0) + 1;
    else if (this.#phase === 'draining' && !this.#hasReopened) this.tally.finished++;
    if (this.#phase !== 'before' && end.kind === 'parked') this.tally.parked++;
    this.onChange();
  }

  settled(run: HeldRun): void {
    const computed = this.#phase === 'draining' && !this.#hasReopened && isOfApp(run) && this.#begun.has(run);
    if (this.tally && run.lost && (computed || this.#stoppedFirst.has(run)))
      this.tally.lost = (this.tally.lost ?? 0) + 1;
    this.#forget(run);
    this.onChange();
  }

  #forget(run: HeldRun): void {
    this.#begun.delete(run);
    this.#stopped.delete(run);
    this.#stoppedFirst.delete(run);
  }

  /** Which of the first went wrong, and why; hooks and probes tell of themselves. */
  #note(tally: WindowTally, run: HeldRun, end: RunEnd): void {
    const isOnNew = run.ahead || (this.#hasReopened && !this.#hasTurned);
    const isTold = end.kind === 'parked' ? run.ahead || this.#phase !== 'before' : isOnNew;
    if (!isTold || isTask(run)) return;
    const failure = failureOf(run, end, this.now());
    const failures = tally.failures ?? [];
    if (!failure || failures.length >= FAILURES_KEPT || failures.some(each => each.run === failure.run))
      return;
    tally.failures = [...failures, failure];
  }

  interrupted(run: HeldRun, lostMs: number, lostSaves: number): void {
    const { tally } = this;
    if (!tally || this.#phase === 'before' || !isOfApp(run)) return;
    if (this.#phase === 'draining') this.#stops(run);
    if (run.abort === 'forced') tally.forced++;
    tally.lostMs += Math.round(lostMs);
    tally.repeatedCheckpoints += lostSaves;
    this.app.finalState(run);
  }

  broughtDown(_run: HeldRun): void {
    if (this.tally) this.tally.broughtDown = (this.tally.broughtDown ?? 0) + 1;
  }

  setBack(_run: HeldRun, lost: { checkpoints: number; ms: number }): void {
    const { tally } = this;
    if (!tally) return;
    tally.repeatedCheckpoints += lost.checkpoints;
    tally.lostMs += Math.round(lost.ms);
  }

  changed(): void {
    this.onChange();
  }
}

/** Hooks and probes compute while everything else is stopped, and are not what the window stops. */
const isTask = ({ claimed }: HeldRun): boolean => claimed.taskRelease !== null;

/** It takes part in the stop: no hook or probe, and not with the release that goes ahead. */
const isOfApp = (run: HeldRun): boolean => !run.ahead && !isTask(run);

function failureOf({ claimed, job, release }: HeldRun, end: RunEnd, now: number): FailedRun | null {
  if (end.kind !== 'failed' && end.kind !== 'parked') return null;
  const error = end.kind === 'failed' ? `${end.error.name}: ${end.error.message}` : end.parked.reason;
  return {
    run: claimed.runId,
    job,
    state: end.kind,
    error: error.slice(0, ERROR_LENGTH),
    release,
    at: new Date(now).toISOString(),
  };
}
