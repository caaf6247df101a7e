/** How much a new figure counts against what was known. */
const WEIGHT = 0.2;

/** A moving average, in ms; `null` without history. */
export function learned(before: number | null, ms: number): number {
  return before === null ? ms : before + WEIGHT * (ms - before);
}

/** Usual times of jobs on this host: between two saves, and from start to end. In ms. */
export class Pace {
  readonly #saves = new Map<string, number>();
  readonly #ends = new Map<string, number>();

  saved(job: string, sinceLastMs: number): void {
    this.#saves.set(job, learned(this.#saves.get(job) ?? null, sinceLastMs));
  }

  ended(job: string, sinceStartMs: number): void {
    this.#ends.set(job, learned(this.#ends.get(job) ?? null, sinceStartMs));
  }

  usualSave(job: string): number | null {
    return this.#saves.get(job) ?? null;
  }

  usualEnd(job: string): number | null {
    return this.#ends.get(job) ?? null;
  }
}
