import { defineJob } from 'slackwater';
import * as z from 'zod';
import { readFlights } from './_flights.js';
import { record } from './_ledger.js';

/**
 * No `checkpoint`: this job cannot be stopped half-way. A deploy waits until it is through; a run that would still be going when a
 * window opens waits for its end. That is right for work of seconds, and wrong for work of hours.
 */
export default defineJob({
  name: 'flights.airports',
  queue: 'flights',
  payload: z.object({
    file: z.string(),
    from: z.int().min(0).default(0),
    to: z.int().optional(),
    ledger: z.string().optional(),
  }),
  async run(ctx, { file, from, to, ledger }) {
    const airports = new Map<string, number>();
    for await (const { flights } of readFlights(file, ['origin', 'destination'], { from, to, size: 5_000 })) {
      for (const { origin, destination } of flights) {
        for (const airport of [origin, destination]) airports.set(airport, (airports.get(airport) ?? 0) + 1);
      }
    }
    record(ledger, ctx, 'all');
    const [busiest] = [...airports].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    return { airports: airports.size, busiest: busiest?.[0] ?? null };
  },
});
