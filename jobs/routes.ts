import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { readFlights } from './_flights.js';
import { record } from './_ledger.js';

/**
 * An external command: the busiest routes, counted by `sort` and `uniq`. A command cannot be stopped half-way, so the work is cut into
 * parts: `ctx.each` keeps which are done, and a deploy waits for one part at most. `ctx.signal` ends the command when the run is cancelled.
 */
export default defineJob({
  name: 'flights.routes',
  queue: 'flights',
  payload: z.object({
    file: z.string(),
    from: z.int().min(0).default(0),
    to: z.int(),
    part: z.int().min(1).default(50_000).describe('flights in one part'),
    dir: z.string().describe('working folder; with several hosts, one that all of them see'),
    ledger: z.string().optional(),
  }),
  async run(ctx, { file, from, to, part, dir, ledger }) {
    const run = (command: string, ...args: string[]) => execute(command, args, { signal: ctx.signal, env });
    const parts: number[] = [];
    for (let row = from; row < to; row += part) parts.push(row);
    const sorted = (row: number) => join(dir, `${row}.sorted`);

    await mkdir(dir, { recursive: true });
    await ctx.each(
      parts,
      async row => {
        const lines = join(dir, `${row}.txt`);
        await writeFile(lines, await routesOf(file, row, Math.min(row + part, to)));
        await run('sort', '-o', sorted(row), lines);
        record(ledger, ctx, row);
      },
      { key: row => String(row) },
    );

    const merged = join(dir, 'merged');
    const counted = join(dir, 'counted');
    await run('sort', '-m', '-o', merged, ...parts.map(sorted));
    await run('uniq', '-c', merged, counted);
    await run('sort', '-k1,1nr', '-k2,2', '-o', counted, counted);
    return (await readFile(counted, 'utf8'))
      .split('\n', 10)
      .map(line => line.trim().split(' '))
      .map(([flights, route]) => ({ route, flights: Number(flights) }));
  },
});

const execute = promisify(execFile);
/** The order of bytes: the same on every machine. */
const env = { ...process.env, LC_ALL: 'C' };

async function routesOf(file: string, from: number, to: number): Promise<string> {
  let lines = '';
  for await (const { flights } of readFlights(file, ['origin', 'destination'], { from, to, size: 20_000 })) {
    for (const { origin, destination } of flights) lines += `${origin}-${destination}\n`;
  }
  return lines;
}
