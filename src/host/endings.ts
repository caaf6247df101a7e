/** What is coming to its end without anybody waiting for it: workers that leave, a release whose loading nobody wants any more. */
export class Endings {
  readonly #tasks = new Set<Promise<void>>();

  /** Failures are nobody's concern any more. */
  add(task: Promise<void> | undefined): void {
    if (!task) return;
    const tracked = task.catch(() => {}).finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }

  /** Resolves when all have ended, those too that were added meanwhile. */
  async all(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }
}
