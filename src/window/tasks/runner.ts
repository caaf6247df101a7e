import { type Task, taskKey } from '../../model/task.js';
import type { Window } from '../../model/window.js';
import { atMost } from '../../platform/at-most.js';
import { systemClock } from '../../platform/clock.js';
import { BegunTry, type TryOptions } from './begun-try.js';
import { GivenUp, type Try, tryOf } from './try.js';

/** How long a stop waits for tries to end by themselves, and then for their last words, ms. */
const LEAVE_AFTER_MS = 3_000;
const LAST_WORDS_MS = 4_000;
/** Tries that are remembered, so that none is begun again. */
const REMEMBERED = 500;

type TaskRunnerOptions = Pick<TryOptions, 'signs' | 'executors'> & Partial<TryOptions>;

/**
 * Does the tries that the engine has recorded as running. A program or a request is begun by the process whose engine recorded it and by no other, and never
 * twice; a run is looked after by every engine that leads. Who has lost the lease goes on with what it began, and tells how it ended.
 */
export class TaskRunner {
  /** What the engine was about to record. */
  readonly #meant = new Set<string>();
  readonly #begun = new Map<string, BegunTry>();
  readonly #options: TryOptions;
  #leaving = false;

  constructor(options: TaskRunnerOptions) {
    this.#options = { clock: systemClock, onTrouble: () => {}, ...options };
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
      if (begun) begun.tellAgain();
      else if (of.action.job || this.#meant.has(recordOf(window, task))) this.#begin(of);
    }
  }

  /** The window is over: what still runs for it here is ended, and its runs are cancelled. */
  over(window: Window): void {
    this.ensure(window);
    for (const begun of this.#begun.values())
      if (begun.of.window === window.id) begun.giveUp(new GivenUp('over', 'the window was over'));
  }

  /** Gives what is done here a few seconds, then ends it and tells that it is lost. Runs go on: whoever leads next looks after them. */
  async stop(): Promise<void> {
    this.#leaving = true;
    const left = [...this.#begun.values()].filter(({ live }) => live);
    const leave = new GivenUp('leaving', 'the server that did it stopped');
    for (const begun of left) if (begun.of.action.job) begun.giveUp(leave);
    const all = Promise.all(left.map(({ ended }) => ended));
    await atMost(LEAVE_AFTER_MS, all);
    for (const begun of left) begun.giveUp(leave);
    await atMost(LAST_WORDS_MS, all);
    for (const begun of left) begun.silence();
  }

  #begin(of: Try): void {
    this.#begun.set(nameOf(of), new BegunTry(of, this.#options));
    for (const [name, { live }] of this.#begun)
      if (this.#begun.size > REMEMBERED && !live) this.#begun.delete(name);
  }
}

const running = ({ tasks }: Window): Task[] => tasks.filter(({ state }) => state === 'running');

/** A try as one engine has recorded it: another engine's record of the same try has another time. */
const recordOf = (window: Window, task: Task): string =>
  `${window.id}/${taskKey(task)}/${task.attempt}/${task.startedAt}`;

const nameOf = ({ window, task, attempt }: Try): string => `${window}/${task}/${attempt}`;
