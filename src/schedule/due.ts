/** Things by the time at which each is due, ms: as long as nothing is, ten thousand of them cost one comparison. A heap. */
export class DueHeap<Item> {
  readonly #heap: { at: number; item: Item }[] = [];

  /** When the first is due; infinite where there is none. */
  get first(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  push(at: number, item: Item): void {
    const heap = this.#heap;
    heap.push({ at, item });
    for (
      let i = heap.length - 1, up = (i - 1) >> 1;
      i > 0 && heap[i]!.at < heap[up]!.at;
      i = up, up = (i - 1) >> 1
    )
      this.#swap(i, up);
  }

  /** Takes out those that are due at this time, the first first. */
  take(now: number, most = Number.POSITIVE_INFINITY): Item[] {
    const due: Item[] = [];
    while (this.first <= now && due.length < most) due.push(this.#pop());
    return due;
  }

  #pop(): Item {
    const heap = this.#heap;
    this.#swap(0, heap.length - 1);
    const { item } = heap.pop()!;
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      let least = i;
      if (left < heap.length && heap[left]!.at < heap[least]!.at) least = left;
      if (right < heap.length && heap[right]!.at < heap[least]!.at) least = right;
      if (least === i) return item;
      this.#swap(i, least);
      i = least;
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  }
}
