import { type Task, taskKey } from '../../model/task.js';
import type { Window } from '../../model/window.js';
import { atMost } from '../../platform/at-most.js';
import { type Clock, systemClock } from '../../platform/clock.js';
import { formatDuration } from '../../platform/duration.js';
import type { TryAddress } from '../../store/task-signs.js';
import { type Executor, failed, GivenUp, lost, type Result, type Try, tryOf } from './try.js';

/** How often a sign of work, which lasts 5 s, is renewed, ms. */
const RENEW_EVERY_MS = 1_000;
/** Before what Redis refused is tried again, and before a result is told again that is told already and not yet taken, ms. */
const AGAIN_MS = 1_000;
const TOLD_AGAIN_MS = 5_000;
/** How long a stop waits for tries to end by themselves, and then for their last words, ms. */
const LEAVE_AFTER_MS = 3_000;
const LAST_WORDS_MS = 4_000;
/** Tries that are remembered, so that none is begun again. */
const REMEMBERED = 500;

/** Where it is told how tries stand. */
export interface SignBoard {
  /** @returns whether the try is ours to begin. */
  begin(of: TryAddress): Promise<boolean>;
  renew(of: TryAddress): Promise<void>;
  tell(of: TryAddress, result: Result): Promise<void>;
  /** ms, by the clock that all machines agree on. */
  now(): Promise<number>;
}

export interface TaskRunnerOptions {
  signs: SignBoard;
  executors: Record<'command' | 'http' | 'job', Executor>;
  clock?: Clock;
  onTrouble?: (error: unknown, of: Try) => void;
}

/** A try that this process has to do with. */
interface Begun {
  of: Try;
  giveUp: AbortController;
  /** Something of it is left here: it works, or its result is not told. */
  live: boolean;
  result: Result | null;
  /** When the result was told last, monotonic ms. */
  toldAt: number;
  /** Resolves when it is not live any more. */
  ended: Promise<void>;
}

/**
 * Does the tries that the engine has recorded as running. A program or a request is begun by the process whose engine recorded it and by no other, and never
 * twice; a run is looked after by every engine that leads. Who has lost the lease goes on with what it began, and tells how it ended.
 */
export class TaskRunner {
  /** What the engine was about to record. */
  readonly #meant = new Set<string>();
  readonly #begun = new Map<string, Begun>();
  readonly #clock: Clock;
  #leaving = false;
  #left = false;

  constructor(private readonly options: TaskRunnerOptions) {
    this.#clock = options.clock ?? systemClock;
  }

  /** Called before the engine writes: tries that are then found recorded just like this are ours, even if the answer to that write was lost. */
  about(next: Window, seen: Window): void {
    const before = new Set(running(seen).map(task => recordOf(seen, task)));
    for (const task of running(next)) {
      const record = recordOf(next, task);
      if (!before.has(record)) this.#meant.add(record);
    }
    for (const record of this.#meant) if (this.#meant.size > REMEMBERED) this.#meant.delete(record);
  }

  /** Called with a window as it is stored: begins what is to be begun here. */
  ensure(window: Window): void {
    if (this.#leaving) return;
    for (const task of running(window)) {
      const of = tryOf(window, task);
      const begun = this.#begun.get(nameOf(of));
      if (begun) this.#tellAgain(begun);
      else if (of.action.job || this.#meant.has(recordOf(window, task))) this.#begin(of);
    }
  }

  /** The window is over: what still runs for it here is ended, and its runs are cancelled. */
  over(window: Window): void {
    this.ensure(window);
    for (const { of, giveUp } of this.#begun.values())
      if (of.window === window.id) giveUp.abort(new GivenUp('over', 'the window was over'));
  }

  /** Gives what is done here a few seconds, then ends it and tells that it is lost. Runs go on: whoever leads next looks after them. */
  async stop(): Promise<void> {
    this.#leaving = true;
    const left = [...this.#begun.values()].filter(({ live }) => live);
    const leave = new GivenUp('leaving', 'the server that did it stopped');
    for (const { of, giveUp } of left) if (of.action.job) giveUp.abort(leave);
    const all = Promise.all(left.map(({ ended }) => ended));
    await atMost(LEAVE_AFTER_MS, all);
    for (const { giveUp } of left) giveUp.abort(leave);
    await atMost(LAST_WORDS_MS, all);
    this.#left = true;
  }

  #begin(of: Try): void {
    const begun: Begun = {
      of,
      giveUp: new AbortController(),
      live: true,
      result: null,
      toldAt: 0,
      ended: Promise.resolve(),
    };
    this.#begun.set(nameOf(of), begun);
    begun.ended = this.#do(begun)
      .catch(error => this.options.onTrouble?.(error, of))
      .finally(() => {
        begun.live = false;
      });
    for (const [name, { live }] of this.#begun)
      if (this.#begun.size > REMEMBERED && !live) this.#begun.delete(name);
  }

  async #do(begun: Begun): Promise<void> {
    const { of } = begun;
    const result = of.action.job ? await this.#runJob(begun) : await this.#runHere(begun);
    if (result === null) return;
    // A probe changes nothing: not to know is to have failed.
    begun.result = of.kind === 'probe' && result.state === 'lost' ? { ...result, state: 'failed' } : result;
    await this.#insist(of, async () => {
      begun.toldAt = this.#clock.monotonic();
      await this.options.signs.tell(addressOf(of), begun.result!);
    });
  }

  /** @returns `null` where another one has begun it. */
  async #runHere({ of, giveUp }: Begun): Promise<Result | null> {
    const { signs, executors } = this.options;
    try {
      if (!(await signs.begin(addressOf(of)))) return null;
    } catch (error) {
      return failed(`it was not begun, as Redis took no sign of it: ${(error as Error).message}`);
    }
    const endSigns = this.#renew(of);
    const endLimit = this.#limit(of, giveUp, of.timeoutMs);
    try {
      return await executors[of.action.command ? 'command' : 'http'](of, giveUp.signal);
    } finally {
      endLimit();
      endSigns();
    }
  }

  /** Its time counts from when it was recorded: another server may have looked after it until now. */
  async #runJob({ of, giveUp }: Begun): Promise<Result | null> {
    const { signs, executors } = this.options;
    const { signal } = giveUp;
    let endLimit = () => {};
    let result: Result | null = lost('nobody could ask for its run');
    await this.#insist(of, async () => {
      const left = of.startedAt + of.timeoutMs - (await signs.now());
      endLimit();
      endLimit = this.#limit(of, giveUp, Math.min(of.timeoutMs, Math.max(0, left)));
      result = await executors.job(of, signal);
    });
    endLimit();
    return result;
  }

  #limit({ timeoutMs }: Try, giveUp: AbortController, ms: number): () => void {
    const why = `it took longer than ${formatDuration(timeoutMs)}`;
    return this.#clock.after(ms, () => giveUp.abort(new GivenUp('timeout', why)));
  }

  /** @returns what ends the signs of work. */
  #renew(of: Try): () => void {
    let on = true;
    const again = (): (() => void) =>
      this.#clock.after(RENEW_EVERY_MS, () => {
        // One that is refused matters not: the next one comes in time.
        void this.options.signs.renew(addressOf(of)).catch(error => this.options.onTrouble?.(error, of));
        if (on) cancel = again();
      });
    let cancel = again();
    return () => {
      on = false;
      cancel();
    };
  }

  /** The engine sees a result at once. Where it still has not, Redis may have lost it. */
  #tellAgain(begun: Begun): void {
    const { of, result, toldAt } = begun;
    if (result === null || begun.live || this.#clock.monotonic() - toldAt < TOLD_AGAIN_MS) return;
    begun.toldAt = this.#clock.monotonic();
    this.options.signs.tell(addressOf(of), result).catch(error => this.options.onTrouble?.(error, of));
  }

  /** Does what may fail for Redis until it is done, or this runner has stopped. */
  async #insist(of: Try, act: () => Promise<void>): Promise<void> {
    while (!this.#left) {
      try {
        return await act();
      } catch (error) {
        this.options.onTrouble?.(error, of);
      }
      await new Promise<void>(resolve => this.#clock.after(AGAIN_MS, resolve));
    }
  }
}

const running = ({ tasks }: Window): Task[] => tasks.filter(({ state }) => state === 'running');

/** A try as one engine has recorded it: another engine's record of the same try has another time. */
const recordOf = (window: Window, task: Task): string =>
  `${window.id}/${taskKey(task)}/${task.attempt}/${task.startedAt}`;

const addressOf = ({ window, task, attempt }: Try): TryAddress => ({ window, task, attempt });
const nameOf = ({ window, task, attempt }: Try): string => `${window}/${task}/${attempt}`;
