import type { Ratio, Section } from './bench.js';
import { number } from './format.js';
import { ratios, spreadOf } from './stats.js';

/** What a ratio came to at one size. `met` is `null` where nothing is asked. */
export interface Verdict {
  ratio: Ratio;
  size: number;
  values: number[];
  met: boolean | null;
}

/** Every ratio of a section at every size at which both sides were measured. */
export function verdicts(section: Section): Verdict[] {
  const valuesOf = (id: string, i: number) =>
    section.series.find(series => series.id === id)?.values[i] ?? [];
  return section.ratios.flatMap(ratio =>
    section.sizes.map((size, i) => {
      const over = valuesOf(ratio.over, i);
      const values = ratio.under === undefined ? over : ratioOf(over, valuesOf(ratio.under, i));
      return { ratio, size, values, met: metBy(ratio, size, values) };
    }),
  );
}

/** A figure that was taken once stands against every round of the other. */
function ratioOf(over: number[], under: number[]): number[] {
  if (over.length === 1 && under.length > 1) return under.map(value => over[0]! / value);
  return ratios(over, under);
}

function metBy({ target }: Ratio, size: number, values: number[]): boolean | null {
  if (!target || target.later || values.length === 0) return null;
  if (target.size !== undefined && target.size !== size) return null;
  const { median } = spreadOf(values);
  return (
    median <= (target.most ?? Number.POSITIVE_INFINITY) &&
    median >= (target.least ?? Number.NEGATIVE_INFINITY)
  );
}

export function targetText({ target }: Ratio): string {
  if (!target) return '';
  const bound = target.most !== undefined ? `≤ ${number0(target.most)}` : `≥ ${number0(target.least!)}`;
  const at = target.size === undefined ? '' : ` at ${target.size.toLocaleString('en-US')}`;
  return `${bound}${at}${target.later ? ' (later)' : ''}`;
}

const number0 = (value: number) => (Number.isInteger(value) ? value.toLocaleString('en-US') : number(value));
