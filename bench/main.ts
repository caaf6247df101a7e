import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bench as checkpoint } from './checkpoint.js';
import { bench as commit } from './commit.js';
import { bench as crash } from './crash.js';
import { bench as fires } from './fires.js';
import { bench as rolling } from './rolling.js';
import { bench as stop } from './stop.js';
import type { Bench } from './support/bench.js';
import { environmentLine } from './support/environment.js';
import { type Outcome, perform } from './support/perform.js';
import { keepResults } from './support/results.js';
import { showAnswer } from './support/table.js';
import { bench as workflow } from './workflow.js';

const BENCHES = [stop, checkpoint, commit, crash, rolling, fires, workflow];

const USAGE = `Usage: npm run bench -- NAME [--json] [--rounds N] [--sizes a,b,c] [--quick] [--keep]
       npm run bench:all [-- --json]          all of them, with --keep

  --quick leaves out the peers that take long.
  --keep  writes the result into bench/RESULTS.md and bench/charts/, in the place of what stands there.

${BENCHES.map(({ name, question, sizes }) => `  ${name.padEnd(11)} ${question}\n${' '.repeat(14)}${sizes.join(', ')}`).join('\n')}
`;

process.exitCode = await main().catch(error => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  return 2;
});

/** @returns the exit code: 0, 1 where a result was wrong or a bench could not finish, 2 for bad arguments. Missed targets are shown, and fail nothing. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: 'boolean' },
      json: { type: 'boolean' },
      rounds: { type: 'string' },
      sizes: { type: 'string' },
      quick: { type: 'boolean' },
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return print(USAGE);
  const all = values.all || positionals[0] === 'all';
  const chosen = all ? BENCHES : BENCHES.filter(({ name }) => positionals.includes(name));
  const unknown = positionals.filter(name => name !== 'all' && !BENCHES.some(bench => bench.name === name));
  if (unknown.length > 0 || chosen.length === 0)
    throw new Error(`${unknown.join(', ') || 'no bench named'}\n\n${USAGE}`);
  if (values.sizes && chosen.length > 1)
    throw new Error('--sizes goes with one bench: each has sizes of its own');

  if (values.keep && (values.quick || values.sizes))
    throw new Error('--keep goes without --quick and --sizes: what is kept is the whole bench');

  const rounds = values.rounds === undefined ? undefined : wholeNumbers('--rounds', values.rounds)[0]!;
  const sizes = values.sizes === undefined ? undefined : wholeNumbers('--sizes', values.sizes);
  const outcomes: Outcome[] = [];
  for (const bench of chosen) {
    const outcome = await perform(bench, { rounds, sizes, quick: values.quick });
    outcomes.push(outcome);
    if (!values.json) show(bench, outcome);
  }
  const failed = outcomes.filter(outcome => outcome.error !== null);
  if (values.json) print(`${JSON.stringify(outcomes.length === 1 ? outcomes[0] : outcomes, null, 2)}\n`);
  if ((values.keep || (all && !values.quick)) && failed.length === 0) {
    const written = keepResults(
      outcomes,
      BENCHES.map(({ name }) => name),
    );
    process.stderr.write(`written: ${written.join(', ')}\n`);
  }
  return failed.length > 0 ? 1 : 0;
}

function show(bench: Bench, { answer, tookMs, environment, error }: Outcome): void {
  if (answer) print(`\n${showAnswer(bench, answer, tookMs)}\n  ${environmentLine(environment)}\n`);
  else print(`\n${bench.name}: ${error}\n`);
}

function wholeNumbers(option: string, text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every(number => Number.isInteger(number) && number > 0)) return numbers;
  throw new Error(`${option} ${text}: write whole numbers from 1, such as ${option} 5`);
}

function print(text: string): 0 {
  writeSync(1, text);
  return 0;
}
