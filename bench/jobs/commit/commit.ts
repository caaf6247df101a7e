import { defineJob } from 'slackwater';
import * as z from 'zod';
import { monotonicMs } from '../../support/clock.js';

/** Saves a state, durably, over and over. */
export const commit = defineJob({
  name: 'bench.commit',
  queue: 'bench-commits',
  concurrency: 10_000,
  payload: z.object({ ms: z.int(), bytes: z.int() }),
  checkpoint: { version: 1, schema: z.object({ i: z.int(), fill: z.string() }) },
  async run(ctx, { ms, bytes }) {
    const fill = 'x'.repeat(bytes);
    const from = monotonicMs();
    let commits = 0;
    while (monotonicMs() - from < ms) {
      await ctx.commit({ i: commits, fill });
      commits++;
    }
    return { commits, from, to: monotonicMs() };
  },
});
