import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Section } from './bench.js';
import { chart } from './chart.js';
import { environmentLine } from './environment.js';
import { unitText } from './format.js';
import type { Outcome } from './perform.js';
import { figuresTable, markdown, measuredRatios, ratiosTable } from './table.js';

const BENCH = fileURLToPath(new URL('..', import.meta.url));

const HEAD = `# Results

Written by \`npm run bench:all\`, or bench by bench with \`--keep\`; what is measured and how: [README.md](README.md). A figure is the median of its rounds, with the least and the most in
brackets. Ratios are taken round by round, between what was measured in turn; ✓ and ✗ say whether the target was met. Absolute times are those of the machine
that stands with each bench.
`;

/**
 * Writes these outcomes into `bench/RESULTS.md`, each in the place of what stands there of its bench, with a chart for each table that asks for one.
 * @param order names of all benches. @returns what was written.
 */
export function keepResults(outcomes: Outcome[], order: string[]): string[] {
  mkdirSync(`${BENCH}charts`, { recursive: true });
  const file = `${BENCH}RESULTS.md`;
  const written = ['bench/RESULTS.md'];
  const chapters = existsSync(file) ? chaptersOf(readFileSync(file, 'utf8')) : new Map<string, string>();
  for (const outcome of outcomes) chapters.set(outcome.bench, chapter(outcome, written));
  const kept = order.flatMap(name => chapters.get(name) ?? []);
  writeFileSync(file, [HEAD, ...kept].join('\n'));
  return written;
}

/** By the name of the bench. */
function chaptersOf(text: string): Map<string, string> {
  const [, ...chapters] = text.split(/^(?=## )/m);
  return new Map(chapters.map(each => [/^## ([^:]+):/.exec(each)?.[1] ?? '', `${each.trimEnd()}\n`]));
}

function chapter({ bench, question, environment, answer, tookMs }: Outcome, written: string[]): string {
  const lines = [`## ${bench}: ${question}`, '', environmentLine(environment), ''];
  for (const section of answer!.sections) lines.push(...sectionLines(section, written), '');
  lines.push('Checked:', '', ...answer!.checks.map(text => `- ${text}`), '');
  if (answer!.notes.length > 0) lines.push('Notes:', '', ...answer!.notes.map(text => `- ${text}`), '');
  lines.push(`Took ${Math.round(tookMs / 1_000)} s.`, '');
  return lines.join('\n');
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
