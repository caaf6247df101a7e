import type { JobDefinition } from '../author/job.js';
import type { Envelope, RunStart, StepRecord } from '../model/run.js';
import { SlackwaterError } from '../platform/errors.js';
import { Chances } from './chances.js';
import { type Scope, scopes } from './cursors.js';
import type { ExecuteOptions, RunPort } from './port.js';
import { Position } from './position.js';
import { type RunLog, runLog } from './run-log.js';
import { Saver } from './saver.js';
import { isTakenOver, Stoppable } from './stoppable.js';
import { type Park, Yield } from './stops.js';
import { isTurnDue, takeTurn } from './turns.js';

const DONE = Promise.resolve();

/** What the calls on `ctx` share: where the run stands, and whether it may go on. */
export class Run extends Stoppable {
  readonly position: Position;
  readonly saver: Saver;
  readonly chances: Chances;
  readonly log: RunLog;
  readonly steps: Record<string, StepRecord>;
  readonly #idleListeners = new Set<() => void>();
  yielded: Yield | null = null;
  /** What the run is saved as when it yields. */
  final: Envelope | null = null;
  /** The author caught the yield and went on. */
  swallowed = false;
  park: Park | null = null;
  /** The author's function has settled. */
  settled = false;
  /** `each` and steps under way: a run that yields waits for them. */
  #work = 0;
  #advanced = false;
  /** `checkpoint` may take the short way. */
  #plain = false;
  /** What made the host refuse a save, told at the next call. */
  #refused: unknown = null;

  constructor(
    readonly job: JobDefinition,
    readonly start: RunStart,
    readonly port: RunPort,
    readonly options: ExecuteOptions,
  ) {
    super(options.clock, options.draining);
    this.log = runLog(start, port, options.clock);
    this.position = new Position(job, start.checkpoint, {
      clock: options.clock,
      limit: options.checkpointLimit,
      warn: message => (options.warn ? options.warn(message) : this.log.logger.warn(message)),
    });
    const everyMs = options.atCheckpoint ? 0 : (job.checkpoint?.everyMs ?? 250);
    this.saver = new Saver(port, options.clock, everyMs, error => this.refuse(error));
    this.steps = { ...start.steps };
    this.chances = new Chances(options.clock.monotonic());
  }

  /** The run has to end at the next place where it can go on from. */
  get stopping(): boolean {
    return this.draining || this.yielded !== null;
  }

  /** The host refused a save that nobody waits for. */
  refuse(error: unknown): void {
    if (isTakenOver(error)) this.abort('fenced');
    else this.#refused ??= error;
  }

  /** The gate of every call on `ctx`. @returns the scope that the call belongs to. */
  enter(): Scope {
    if (this.aborted) throw this.aborted;
    if (this.park) throw this.park;
    const { cursors } = this.position;
    const within = scopes.getStore();
    const scope = within?.root === cursors ? within : cursors;
    if (this.yielded && (scope.yielded || (this.settled && scope === cursors))) {
      if (!this.settled) this.#noteSwallowed();
      throw this.yielded;
    }
    this.#requireUnsettled();
    if (this.#refused) {
      const error = this.#refused;
      this.#refused = null;
      throw error;
    }
    return scope;
  }

  /** Parallel work may go on to its next item after a yield, but not after a return or a failure. */
  #requireUnsettled(): void {
    if (!this.settled || this.yielded) return;
    throw new SlackwaterError(
      'bad-state',
      `the run has ended: a call on ctx came after the function of job "${this.job.name}" had returned or failed. Await every call`,
    );
  }

  #noteSwallowed(): void {
    if (!this.swallowed)
      this.log.logger.warn('the yield was caught, and the job went on: see ctx.checkpoint');
    this.swallowed = true;
  }

  /** `ctx.checkpoint`. Not due, it is a read of the clock, a few comparisons and assignments. */
  checkpoint(state: unknown): Promise<void> {
    const now = this.clock.monotonic();
    if (this.#plain && now - this.position.serialisedAt < this.position.restMs && !isTurnDue(now)) {
      this.position.offer(state);
      this.chances.note(now);
      return DONE;
    }
    return this.#checkpoint(state);
  }

  async #checkpoint(state: unknown): Promise<void> {
    const scope = this.enter();
    this.requireSchema('checkpoint');
    if (scope !== this.position.cursors) {
      // Within an item: saved, and yielded at, with the moved cursor.
      scope.offer = { state };
      if (isTurnDue(this.clock.monotonic())) await takeTurn(this.clock);
      return;
    }
    await this.options.atCheckpoint?.();
    this.forgetSleeps();
    this.position.offer(state);
    await this.savePoint(scope);
    this.#plain = !this.stopping && !this.aborted && this.#work === 0 && !this.options.atCheckpoint;
  }

  /** `ctx.commit`. */
  async commit(state: unknown): Promise<void> {
    const scope = this.enter();
    this.requireSchema('commit');
    const outside = scope === this.position.cursors;
    if (outside) {
      await this.options.atCheckpoint?.();
      this.forgetSleeps();
    }
    this.position.offer(state);
    const envelope = this.position.serialise();
    this.advanced();
    if (outside) this.chances.note(this.clock.monotonic());
    await this.stored(this.saver.saveNow(envelope));
    if (this.aborted) throw this.aborted;
    if (outside && this.stopping) await this.yieldNow(scope);
  }

  /** Saves when due, yields when draining, gives the event loop its turn. */
  async savePoint(scope: Scope): Promise<void> {
    this.#requireUnsettled();
    this.advanced();
    const now = this.clock.monotonic();
    this.chances.note(now);
    if (this.stopping) return this.yieldNow(scope);
    if (this.position.isDue(now) || this.options.atCheckpoint) this.saver.offer(this.position.serialise());
    if (this.options.atCheckpoint) await this.untilAborted(this.saver.flush());
    if (!isTurnDue(now)) return;
    await takeTurn(this.clock);
    // It may have been the drain that was waiting for a turn.
    if (this.aborted) throw this.aborted;
    if (this.stopping) await this.yieldNow(scope);
  }

  /** Ends the run here: throws. Only where the drain was called off meanwhile does it return. */
  async yieldNow(scope: Scope, envelope = this.position.serialise()): Promise<void> {
    await this.untilAborted(this.saver.settled());
    if (!this.stopping) return this.saver.offer(envelope);
    this.final = envelope;
    scope.yielded = true;
    this.leaveShortWay();
    this.yielded ??= new Yield();
    throw this.yielded;
  }

  /** Where the run stands, seen from between two checkpoints of `scope`. */
  placeIn(scope: Scope): Envelope {
    return scope === this.position.cursors ? this.position.serialise() : this.position.serialiseWhole();
  }

  /** What is called before something new begins that a restart could begin as well. */
  async yieldBeforeStep(scope: Scope): Promise<void> {
    const ofStepsOnly = scope === this.position.cursors && !this.position.hasState;
    if (!ofStepsOnly) return;
    this.chances.note(this.clock.monotonic());
    if (this.stopping) await this.yieldNow(scope);
  }

  /** Tells the host of the first sign of work. */
  advanced(): void {
    if (this.#advanced) return;
    this.#advanced = true;
    this.port.advanced();
  }

  requireSchema(call: string): void {
    if (this.job.checkpoint) return;
    throw new SlackwaterError(
      'bad-definition',
      `ctx.${call} needs a schema: add checkpoint: { version: 1, schema: z.object({ … }) } to job "${this.job.name}"`,
    );
  }

  /** Counts something that a yield has to wait for. */
  async work<T>(fn: () => Promise<T>): Promise<T> {
    this.leaveShortWay();
    this.#work++;
    try {
      return await fn();
    } finally {
      this.#work--;
      if (this.#work === 0) for (const listener of [...this.#idleListeners]) listener();
    }
  }

  /** Resolves when no `each` and no step is under way, or the run was aborted. */
  async idle(): Promise<void> {
    if (this.#work === 0 || this.aborted) return;
    await this.untilAborted(new Promise<void>(resolve => this.#idleListeners.add(resolve))).catch(() => {});
  }

  override leaveShortWay(): void {
    this.#plain = false;
  }

  /** A restart begins from the state just offered: sleeps before it are over. */
  forgetSleeps(): void {
    const { cursors } = this.position;
    if (cursors.sleeps.length > 0) cursors.sleeps = [];
    cursors.sleepCalls = 0;
  }
}
