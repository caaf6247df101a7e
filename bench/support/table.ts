import type { Answer, Bench, Ratio, Section } from './bench.js';
import { growthText, number, spread, unitText } from './format.js';
import { growth, spreadOf } from './stats.js';
import { targetText, verdicts } from './verdict.js';

/** Rows of cells, the first row the head: what both the terminal and RESULTS.md show. */
export type Table = string[][];

/** What was left out altogether needs no row. */
const measuredSeries = (section: Section) =>
  section.series.filter(({ values }) => values.some(list => list.length));

export const measuredRatios = (section: Section): Ratio[] =>
  section.ratios.filter(ratio =>
    verdicts(section).some(verdict => verdict.ratio === ratio && verdict.values.length),
  );

/** Contestants down, sizes across, and how each grows. */
export function figuresTable(section: Section): Table {
  const sizes = section.sizes.map(size => size.toLocaleString('en-US'));
  const rows = measuredSeries(section).map(({ label, values }) => {
    const measured = values
      .map((list, i) => ({ size: section.sizes[i]!, list }))
      .filter(({ list }) => list.length);
    const exponent = growth(
      measured.map(({ size }) => size),
      measured.map(({ list }) => spreadOf(list).median),
    );
    return [label, ...values.map(spread), growthText(exponent)];
  });
  return [[`${section.axis}:`, ...sizes, 'grows as'], ...rows];
}

/** Ratios down, sizes across, and what was asked of them. */
export function ratiosTable(section: Section): Table {
  const all = verdicts(section);
  const rows = measuredRatios(section).map(ratio => {
    const mine = all.filter(verdict => verdict.ratio === ratio);
    const cells = mine.map(({ values, met }) => spread(values) + (met === null ? '' : met ? ' ✓' : ' ✗'));
    return [ratio.label, ...cells, targetText(ratio)];
  });
  const sizes = section.sizes.map(size => size.toLocaleString('en-US'));
  return [['ratio, round by round', ...sizes, 'target'], ...rows];
}

/** A whole bench, for a terminal. */
export function showAnswer(bench: Bench, answer: Answer, tookMs: number): string {
  const lines = [`${bench.name}: ${bench.question}`];
  for (const section of answer.sections) {
    lines.push('', `${section.title} (${unitText[section.unit]}: median, least–most)`);
    lines.push(...aligned(figuresTable(section)));
    if (measuredRatios(section).length > 0) lines.push('', ...aligned(ratiosTable(section)));
  }
  lines.push('', ...answer.checks.map(text => `✓ ${text}`), ...answer.notes.map(text => `· ${text}`));
  lines.push(`  took ${number(tookMs / 1_000)} s`);
  return lines.join('\n');
}

export function aligned(table: Table): string[] {
  const widths = table[0]!.map((_, column) => Math.max(...table.map(row => row[column]?.length ?? 0)));
  return table.map(row => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
    );
    return `  ${cells.join('  ')}`.trimEnd();
  });
}

export function markdown(table: Table): string[] {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const [head, ...rows] = table as [string[], ...string[][]];
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)];
}
