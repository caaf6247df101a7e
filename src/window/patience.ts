import { type TaskSign, taskKey } from '../model/task.js';
import type { Window } from '../model/window.js';

/**
 * Silence is only silence when somebody has listened: signs of life go with a Redis that was away, and come back with it a moment later. So a try without a sign counts as
 * working until this engine has missed it for as long as a sign lives.
 */
export class Patience {
  /** By window, and by try. */
  readonly #silentSince = new Map<string, Map<string, number>>();

  constructor(private readonly patienceMs: number) {}

  /** @param now of the monotonic clock, ms. */
  heed(
    { id, tasks }: Window,
    signs: Record<string, TaskSign | null> = {},
    now: number,
  ): Record<string, TaskSign | null> {
    const heard = { ...signs };
    const silentSince = this.#silentSince.get(id) ?? new Map<string, number>();
    this.#silentSince.set(id, silentSince);
    for (const task of tasks) {
      const key = taskKey(task);
      const name = `${key} ${task.attempt}`;
      if (task.state !== 'running' || heard[key]) {
        silentSince.delete(name);
        continue;
      }
      const since = silentSince.get(name) ?? now;
      silentSince.set(name, since);
      if (now - since < this.patienceMs) heard[key] = { state: 'working' };
    }
    return heard;
  }

  forgetAllBut(windowIds: Set<string>): void {
    for (const id of this.#silentSince.keys()) if (!windowIds.has(id)) this.#silentSince.delete(id);
  }
}
