import type { Scope } from './scope.js';

/** One question, and how it is answered. */
export interface Bench {
  name: string;
  question: string;
  /** What the sizes count. */
  axis: string;
  sizes: number[];
  rounds: number;
  /** It is ended after this long, whatever it does. */
  limitMs: number;
  /** @throws Error where a result is wrong: a fast wrong answer is no answer. */
  run(context: Context): Promise<Answer>;
}

/** What a bench is given. */
export interface Context {
  sizes: number[];
  rounds: number;
  /** Leave out the peers that take long: for who works on the product. */
  quick: boolean;
  /** An empty folder for files, removed afterwards. */
  dir: string;
  /** Of this bench alone, or named by REDIS_URL. */
  redisUrl: string;
  /** Begins the names of all keys, in braces. */
  keys: string;
  /** Everything that is started is ended with it. */
  scope: Scope;
  /** Plain JavaScript of the programs in `peers/`, by name: they start as quickly as what is measured against them. */
  programs: Record<string, string>;
  say(line: string): void;
}

export interface Answer {
  sections: Section[];
  /** What was counted and found right, a sentence each. */
  checks: string[];
  notes: string[];
}

/** One table: contestants against sizes. */
export interface Section {
  title: string;
  unit: Unit;
  /** A chart is drawn of it. */
  chart?: string;
  axis: string;
  sizes: number[];
  series: Series[];
  ratios: Ratio[];
}

export type Unit = 'ms' | 'µs' | '/s' | '%' | 'B' | 'steps';

export interface Series {
  id: string;
  label: string;
  /** By size, then by round. An empty list: not measured at that size. */
  values: number[][];
}

/** `over` divided by `under`, round by round; or `over` alone against a bound in its own unit. */
export interface Ratio {
  label: string;
  over: string;
  under?: string;
  target?: Target;
}

interface Target {
  most?: number;
  least?: number;
  /** The target is stated for this size only. */
  size?: number;
  /** Belongs to work that is not done yet: shown, not judged. */
  later?: boolean;
}

/** The figure of each round, by contestant and size, filled in as the rounds go by. */
export class Figures {
  readonly #values = new Map<string, Map<number, number[]>>();

  add(series: string, size: number, value: number): void {
    const bySize = this.#values.get(series) ?? new Map<number, number[]>();
    this.#values.set(series, bySize);
    bySize.set(size, [...(bySize.get(size) ?? []), value]);
  }

  series(id: string, label: string, sizes: number[]): Series {
    return { id, label, values: sizes.map(size => this.#values.get(id)?.get(size) ?? []) };
  }
}

/** @throws Error that says what came out wrong. */
export function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(`wrong result: ${otherwise}`);
}
