import { defineJob } from 'slackwater';
import * as z from 'zod';
import { readFlights } from '../../../jobs/_flights.js';
import { delaysPayload } from '../../../jobs/delays.js';

/**
 * The mistake everyone makes once: a field of the saved state is renamed (`row` is now `position`), and nobody thinks of the runs that
 * are half-way through with the old one. Compiles, passes its tests, and would fail every run in flight.
 */
export const delays = defineJob({
  name: 'flights.delays',
  queue: 'flights',
  payload: delaysPayload,
  checkpoint: {
    version: 1,
    schema: z.object({
      position: z.int(),
      flights: z.record(z.string(), z.int()),
      minutes: z.record(z.string(), z.int()),
    }),
  },
  async run(ctx, { file, from, to, block }) {
    const state = ctx.state ?? { position: from, flights: {}, minutes: {} };
    for await (const { next } of readFlights(file, ['delay'], { from: state.position, to, size: block })) {
      state.position = next;
      await ctx.checkpoint(state);
    }
    return state;
  },
});
