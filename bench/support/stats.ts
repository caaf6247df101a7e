/** The middle of what the rounds gave, and its ends. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  rounds: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
  };
}

/** Nearest rank, but the mean of the two middle ones for an even median: a figure never lies outside what was seen. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  if (share === 0.5 && sorted.length % 2 === 0) {
    const half = sorted.length / 2;
    return (sorted[half - 1]! + sorted[half]!) / 2;
  }
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** Round by round, so that what disturbed both in one round disturbs neither side of the ratio alone. */
export function ratios(over: readonly number[], under: readonly number[]): number[] {
  const rounds = Math.min(over.length, under.length);
  return Array.from({ length: rounds }, (_, i) => over[i]! / under[i]!).filter(Number.isFinite);
}

/**
 * How a figure grows: the `e` of size^e, by least squares through the logarithms of the medians. 0: not at all, 1: in proportion.
 * `null` with fewer than two sizes, or where a figure is not positive.
 */
export function growth(sizes: readonly number[], medians: readonly number[]): number | null {
  const points = sizes
    .map((size, i) => [Math.log(size), Math.log(medians[i] ?? Number.NaN)] as const)
    .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  if (points.length < 2) return null;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const across = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / across;
}
