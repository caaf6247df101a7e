import { defineJob } from 'slackwater';
import * as z from 'zod';
import { interval, meanOfResample, Random } from './_bootstrap.js';
import { delaysFrom } from './_flights.js';
import { record } from './_ledger.js';

/** Rounds between two checkpoints: some milliseconds of pure computation. */
const BATCH = 20;

/**
 * Pure computation, minutes of it if asked: how sure is the mean delay of an airport? (A percentile bootstrap.) `ctx.checkpoint` in the
 * tight loop costs next to nothing, and lets the worker hear that a deploy wants to begin.
 */
export default defineJob({
  name: 'flights.confidence',
  queue: 'flights',
  payload: z.object({
    file: z.string(),
    airport: z.string().length(3),
    from: z.int().min(0).default(0),
    to: z.int().optional(),
    rounds: z.int().min(1).default(10_000),
    seed: z.int().default(1),
    ledger: z.string().optional(),
  }),
  checkpoint: {
    version: 1,
    schema: z.object({
      round: z.int(),
      random: z.int(),
      /** Mean delay in hundredths of a minute → how many rounds gave it. */
      means: z.map(z.int(), z.int()),
    }),
  },
  async run(ctx, { file, airport, from, to, rounds, seed, ledger }) {
    const delays = await delaysFrom(file, airport, { from, to });
    if (delays.length === 0)
      throw new Error(`no flight leaves ${airport} in rows ${from} to ${to ?? 'the end'}`);
    const state = ctx.state ?? { round: 0, random: seed, means: new Map<number, number>() };
    const random = new Random(state.random);

    while (state.round < rounds) {
      const batch = state.round;
      for (; state.round < Math.min(batch + BATCH, rounds); state.round++) {
        const mean = meanOfResample(delays, random);
        state.means.set(mean, (state.means.get(mean) ?? 0) + 1);
      }
      state.random = random.state;
      record(ledger, ctx, batch);
      ctx.progress(state.round, rounds);
      await ctx.checkpoint(state);
    }
    return { airport, flights: delays.length, ...interval(state.means, rounds) };
  },
});
