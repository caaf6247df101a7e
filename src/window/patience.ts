import { type TaskSign, taskKey } from '../model/task.js';
import type { Window } from '../model/window.js';

/**
 * Silence is only silence when somebody has listened: signs of life go with a Redis that was away, and come back with it a moment later. So a try without a sign counts as
 * working until this engine has missed it for as long as a sign lives.
 */
export class Patience {
  readonly #silentSince = new Map<string, number>();

  constructor(private readonly patienceMs: number) {}

  /** @param now of the monotonic clock, ms. */
  heed(
    { id, tasks }: Window,
    signs: Record<string, TaskSign | null> = {},
    now: number,
  ): Record<string, TaskSign | null> {
    const heard = { ...signs };
    for (const task of tasks) {
      const key = taskKey(task);
      const name = `${id} ${key} ${task.attempt}`;
      if (task.state !== 'running' || heard[key]) {
        this.#silentSince.delete(name);
        continue;
      }
      const since = this.#silentSince.get(name) ?? now;
      this.#silentSince.set(name, since);
      if (now - since < this.patienceMs) heard[key] = { state: 'working' };
    }
    return heard;
  }

  /** The window is over. */
  forget({ id, tasks }: Window): void {
    for (const task of tasks) this.#silentSince.delete(`${id} ${taskKey(task)} ${task.attempt}`);
  }
}
