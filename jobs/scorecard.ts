import { appendFile } from 'node:fs/promises';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { readFlights } from './_flights.js';
import { record } from './_ledger.js';

/** Steps: `extract` and `score` run once each and their results are kept; `publish` changes something outside, once. */
export default defineJob({
  name: 'flights.scorecard',
  queue: 'flights',
  payload: z.object({
    file: z.string(),
    from: z.int().min(0).default(0),
    to: z.int().optional(),
    lateAfter: z.int().default(15).describe('minutes'),
    board: z.string().describe('file to which the scorecard is published, as one more line'),
    ledger: z.string().optional(),
  }),
  async run(ctx, { file, from, to, lateAfter, board, ledger }) {
    const counts = await ctx.step('extract', async () => {
      const airports: Record<string, { flights: number; late: number }> = {};
      for await (const { flights } of readFlights(file, ['origin', 'delay'], { from, to, size: 20_000 })) {
        for (const { origin, delay } of flights) {
          airports[origin] ??= { flights: 0, late: 0 };
          airports[origin].flights += 1;
          if (delay > lateAfter) airports[origin].late += 1;
        }
      }
      record(ledger, ctx, 'extract');
      return airports;
    });

    const ranking = await ctx.step('score', () => {
      record(ledger, ctx, 'score');
      return Object.entries(counts)
        .map(([airport, { flights, late }]) => ({ airport, onTime: 1 - late / flights }))
        .sort((a, b) => b.onTime - a.onTime || (a.airport < b.airport ? -1 : 1));
    });

    // The intent is recorded first. If the machine dies in between, nobody can know whether the line was written: the run is parked
    // for a person to look. Where doing it twice is harmless, say so: `{ idempotent: true }`.
    await ctx.once('publish', async () => {
      await appendFile(board, `${JSON.stringify({ run: ctx.runId, best: ranking.slice(0, 10) })}\n`);
      record(ledger, ctx, 'publish');
    });
    return { airports: ranking.length, best: ranking[0]?.airport, worst: ranking.at(-1)?.airport };
  },
});
