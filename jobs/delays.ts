import { setTimeout as wait } from 'node:timers/promises';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { readFlights } from './_flights.js';
import { record } from './_ledger.js';

export const delaysPayload = z.object({
  file: z.string(),
  from: z.int().min(0).default(0),
  to: z.int().optional().describe('first row that is left out; default: the end of the file'),
  block: z.int().min(1).default(1_000).describe('flights between two checkpoints'),
  paceMs: z.int().min(0).default(0).describe('rest after each block, to spare the system that is fed'),
  ledger: z.string().optional(),
});

/** Streaming with a cursor: the checkpoint is the row to go on from, and the sums so far. */
export default defineJob({
  name: 'flights.delays',
  queue: 'flights',
  payload: delaysPayload,
  checkpoint: {
    version: 1,
    schema: z.object({
      row: z.int(),
      flights: z.record(z.string(), z.int()),
      minutes: z.record(z.string(), z.int()),
    }),
  },
  async run(ctx, { file, from, to, block, paceMs, ledger }) {
    const state = ctx.state ?? { row: from, flights: {}, minutes: {} };
    const blocks = readFlights(file, ['origin', 'delay'], { from: state.row, to, size: block });
    for await (const { row, next, flights } of blocks) {
      for (const { origin, delay } of flights) {
        state.flights[origin] = (state.flights[origin] ?? 0) + 1;
        state.minutes[origin] = (state.minutes[origin] ?? 0) + delay;
      }
      record(ledger, ctx, row);
      if (paceMs > 0) await wait(paceMs, undefined, { signal: ctx.signal });
      state.row = next;
      ctx.progress(next - from, to === undefined ? undefined : to - from);
      await ctx.checkpoint(state);
    }
    return meanDelays(state.flights, state.minutes);
  },
});

/** @returns minutes by airport, two decimals, in order of the airports' names. */
export function meanDelays(flights: Record<string, number>, minutes: Record<string, number>) {
  return Object.fromEntries(
    Object.keys(flights)
      .sort()
      .map(airport => [airport, Math.round((100 * minutes[airport]!) / flights[airport]!) / 100]),
  );
}
