interface Act {
  at: number;
  /** Of two at the same time the one that was planned first comes first. */
  order: number;
  what: string;
  run: (() => void) | null;
}

/** All that is still to happen, in order of time. Nothing happens between two acts. */
export class Scheduler {
  /** ms since the story began; never goes back. */
  now = 0;
  #order = 0;
  readonly #heap: Act[] = [];

  /** @returns the function that cancels it. */
  in(ms: number, what: string, run: () => void): () => void {
    const act: Act = { at: this.now + Math.max(0, ms), order: this.#order++, what, run };
    this.#push(act);
    return () => {
      act.run = null;
    };
  }

  /** Lets the next act happen. @returns what it was; `null`: nothing is left. */
  next(): string | null {
    for (;;) {
      const act = this.#pop();
      if (!act) return null;
      if (!act.run) continue;
      this.now = act.at;
      act.run();
      return act.what;
    }
  }

  #push(act: Act): void {
    const heap = this.#heap;
    let i = heap.push(act) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(act, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = act;
  }

  #pop(): Act | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

const isBefore = (a: Act, b: Act): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
