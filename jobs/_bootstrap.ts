/**
 * A small seeded generator (mulberry32). Its whole state is one number, so a checkpoint can hold it: a run that stops and goes on
 * draws the same numbers as one that never stopped.
 */
export class Random {
  constructor(public state: number) {}

  /** @returns a whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * limit);
  }
}

/** @returns the mean of as many values as there are, each drawn by chance from all of them; in hundredths, rounded. */
export function meanOfResample(values: Int16Array, random: Random): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[random.below(values.length)]!;
  return Math.round((100 * sum) / values.length);
}

/**
 * @param means in hundredths → how many rounds gave it.
 * @returns the values between which the mean lies in 95 of 100 rounds.
 */
export function interval(means: Map<number, number>, rounds: number): { low: number; high: number } {
  const sorted = [...means].sort(([a], [b]) => a - b);
  const at = (share: number) => {
    let seen = 0;
    for (const [mean, count] of sorted) {
      seen += count;
      if (seen >= share * rounds) return mean / 100;
    }
    return sorted.at(-1)![0] / 100;
  };
  return { low: at(0.025), high: at(0.975) };
}
