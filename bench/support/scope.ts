/** What was started, to be ended in reverse order: however the bench ends. */
export class Scope {
  #ends: (() => unknown)[] = [];
  #closed = false;

  /** Nothing more should be started. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** @returns a function that ends it now instead. */
  defer(end: () => unknown): () => Promise<void> {
    const once = { end };
    const run = async () => {
      const { end: last } = once;
      once.end = () => {};
      await last();
    };
    this.#ends.push(run);
    return run;
  }

  /** All ends run, even if one fails; the first failure is thrown. */
  async close(): Promise<void> {
    this.#closed = true;
    const failures: unknown[] = [];
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
