/** How much a new figure counts against what was known. */
const WEIGHT = 0.2;

/** Learned times of jobs on this host, as moving averages: between two saves, and from start to end. In ms. */
export class Pace {
  readonly #saves = new Map<string, number>();
  readonly #ends = new Map<string, number>();

  saved(job: string, sinceLastMs: number): void {
    learn(this.#saves, job, sinceLastMs);
  }

  ended(job: string, sinceStartMs: number): void {
    learn(this.#ends, job, sinceStartMs);
  }

  /** @returns ms until a run of this job probably stops by itself (at its next save, or its end); `null` without history. */
  estimate(
    job: string,
    stoppable: boolean,
    now: number,
    startedAt: number,
    savedAt: number | null,
  ): number | null {
    const usual = stoppable ? this.#saves.get(job) : this.#ends.get(job);
    if (usual === undefined) return null;
    const since = stoppable ? (savedAt ?? startedAt) : startedAt;
    return Math.max(0, Math.round(usual - (now - since)));
  }
}

function learn(known: Map<string, number>, job: string, value: number): void {
  const before = known.get(job);
  known.set(job, before === undefined ? value : before + WEIGHT * (value - before));
}
