/** So long a walk through many fires holds the loop, ms: the lease is renewed by the same one. */
const TURN_MS = 20;

/** For work that takes a while: others have a turn now and then. */
export class Turn {
  #began = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#began >= TURN_MS;
  }

  async letOthers(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    this.#began = performance.now();
  }
}
