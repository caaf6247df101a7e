import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rowGroups } from '../jobs/_flights.js';

/** Three million US flights of 2001, as they come with the package `vega-datasets`. */
export const FLIGHTS = fileURLToPath(
  new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);

/** One run to be asked for, and what it must leave in the ledger. */
export interface Order {
  job: string;
  payload: Record<string, unknown>;
  /** Names of the items whose effects must each be in the ledger once. */
  items: string[];
}

const GROUPS = 4;
const SHARES = 11;
const BLOCK = 200;
const BATCH = 20;
const PART = 20_000;
const AIRPORTS = ['ORD', 'ATL', 'DFW', 'LAX', 'PHX', 'STL', 'DTW', 'MSP'];

/**
 * The work of the demo: a million flights (four row groups of the file) go through `flights.delays`, and there are runs of all other kinds.
 *
 * @param dir folder for the ledger and for what the jobs write.
 * @param rounds size of the CPU-bound runs.
 */
export async function planWork(dir: string, rounds: number): Promise<Order[]> {
  const file = FLIGHTS;
  const ledger = join(dir, 'ledger.jsonl');
  const groups = (await rowGroups(file)).slice(0, GROUPS);
  const [first, last] = [groups[0]!, groups.at(-1)!];
  const delays = groups.flatMap(group => {
    const share = Math.ceil((group.to - group.from) / SHARES);
    return Array.from({ length: SHARES }, (_, i): Order => {
      const from = group.from + i * share;
      const to = Math.min(from + share, group.to);
      const payload = { file, from, to, block: BLOCK, paceMs: 50, ledger };
      return { job: 'flights.delays', payload, items: stepsOf(from, to, BLOCK) };
    });
  });
  const confidence = AIRPORTS.map((airport, seed): Order => {
    const payload = { file, airport, ...first, rounds, seed, ledger };
    return { job: 'flights.confidence', payload, items: stepsOf(0, rounds, BATCH) };
  });
  const part = { from: last.from, to: last.from + 10 * PART };
  return [
    ...delays,
    ...confidence,
    {
      job: 'flights.routes',
      payload: { file, ...part, part: PART, dir: join(dir, 'routes'), ledger },
      items: stepsOf(part.from, part.to, PART),
    },
    {
      job: 'flights.scorecard',
      payload: { file, ...last, board: join(dir, 'board.jsonl'), ledger },
      items: ['extract', 'score', 'publish'],
    },
    { job: 'flights.airports', payload: { file, to: last.to, ledger }, items: ['all'] },
  ];
}

function stepsOf(from: number, to: number, size: number): string[] {
  return Array.from({ length: Math.ceil((to - from) / size) }, (_, i) => String(from + i * size));
}
