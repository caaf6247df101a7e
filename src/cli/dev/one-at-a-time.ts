/**
 * Does `work` when asked, never twice at once. What is asked meanwhile is done once more afterwards, however often it was asked: a hundred
 * saves during a window become one next window.
 */
export function oneAtATime(work: () => Promise<void>) {
  let running: Promise<void> | undefined;
  let again = false;
  async function loop(): Promise<void> {
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      running = undefined;
    }
  }
  return {
    /** Resolves when nothing asked so far is left to do. */
    ask(): Promise<void> {
      again = true;
      running ??= loop();
      return running;
    },
    /** Resolves when nothing is being done; what was asked meanwhile is dropped. */
    async idle(): Promise<void> {
      again = false;
      await running?.catch(() => {});
    },
  };
}
