import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Section } from './bench.js';
import { chart } from './chart.js';
import { environmentLine } from './environment.js';
import { unitText } from './format.js';
import type { Outcome } from './perform.js';
import { figuresTable, markdown, measuredRatios, ratiosTable } from './table.js';

const BENCH = fileURLToPath(new URL('..', import.meta.url));

/**
 * Keeps these outcomes as data in `bench/results/`, and writes `bench/RESULTS.md` from all that are kept, with a chart for each table that asks for one.
 * @param order names of all benches. @returns what was written.
 */
export function keepResults(outcomes: Outcome[], order: string[]): string[] {
  mkdirSync(`${BENCH}results`, { recursive: true });
  for (const outcome of outcomes) writeFileSync(fileOf(outcome.bench), `${JSON.stringify(outcome)}\n`);
  const kept = order.filter(name => existsSync(fileOf(name)));
  return [
    ...outcomes.map(({ bench }) => `bench/results/${bench}.json`),
    ...writeResults(kept.map(name => JSON.parse(readFileSync(fileOf(name), 'utf8')) as Outcome)),
  ];
}

const fileOf = (bench: string): string => `${BENCH}results/${bench}.json`;

function writeResults(outcomes: Outcome[]): string[] {
  mkdirSync(`${BENCH}charts`, { recursive: true });
  const written = ['bench/RESULTS.md'];
  const lines = [
    '# Results',
    '',
    'Written by `npm run bench:all`, or bench by bench with `--keep`; what is measured and how: [README.md](README.md). A figure is the median of its rounds, with the least and the most in',
    'brackets. Ratios are taken round by round, between what was measured in turn; ✓ and ✗ say whether the target was met. Absolute times are those of the machine',
    'that stands with each bench.',
  ];
  for (const { bench, question, environment, answer, tookMs } of outcomes) {
    lines.push('', `## ${bench}: ${question}`, '', environmentLine(environment), '');
    for (const section of answer!.sections) {
      lines.push(...sectionLines(section, written), '');
    }
    lines.push('Checked:', '', ...answer!.checks.map(text => `- ${text}`), '');
    if (answer!.notes.length > 0) lines.push('Notes:', '', ...answer!.notes.map(text => `- ${text}`), '');
    lines.push(`Took ${Math.round(tookMs / 1_000)} s.`);
  }
  writeFileSync(`${BENCH}RESULTS.md`, `${lines.join('\n')}\n`);
  return written;
}

function sectionLines(section: Section, written: string[]): string[] {
  const lines = [`### ${section.title} (${unitText[section.unit]})`, '', ...markdown(figuresTable(section))];
  if (measuredRatios(section).length > 0) lines.push('', ...markdown(ratiosTable(section)));
  if (section.chart) {
    const file = `charts/${section.chart}.svg`;
    writeFileSync(BENCH + file, chart(section));
    written.push(`bench/${file}`);
    lines.push('', `![${section.title}](${file})`);
  }
  return lines;
}
