import { setTimeout as wait } from 'node:timers/promises';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { monotonicMs } from '../../support/clock.js';
import { counterState, loop } from '../../work/loop.js';

const checkpoint = {
  version: 1,
  schema: z.object({ step: z.int(), counts: z.record(z.string(), z.int()) }),
};

/** The loop without offers and with one at each step, in turn, block by block: what disturbs the machine disturbs both. */
export const tightLoop = defineJob({
  name: 'bench.loop',
  queue: 'bench-loops',
  payload: z.object({ blocks: z.int(), steps: z.int(), us: z.int(), bytes: z.int() }),
  checkpoint,
  async run(ctx, { blocks, steps, us, bytes }) {
    const state = counterState(bytes);
    let [withoutMs, offeredMs, offersMs] = [0, 0, 0];
    for (let block = 0; block < blocks; block++) {
      withoutMs += (await loop(state, { steps, us })).ms;
      const offered = await loop(state, { steps, us, offer: ctx.checkpoint });
      offeredMs += offered.ms;
      offersMs += offered.offersMs;
    }
    return { withoutMs, offeredMs, offersMs, step: state.step };
  },
});

/** Calls that follow so closely on the last serialisation that nothing is due. */
export const notDue = defineJob({
  name: 'bench.not-due',
  queue: 'bench-loops',
  payload: z.object({ batches: z.int(), calls: z.int(), bytes: z.int() }),
  checkpoint,
  async run(ctx, { batches, calls, bytes }) {
    const state = counterState(bytes);
    const resolved = Promise.resolve();
    let [asked, awaited] = [0, 0];
    for (let batch = 0; batch < batches; batch++) {
      // This one is due, and gives the event loop its turn; the next ones come right after it.
      await wait(20);
      await ctx.checkpoint(state);
      let from = monotonicMs();
      for (let i = 0; i < calls; i++) await ctx.checkpoint(state);
      asked += monotonicMs() - from;
      from = monotonicMs();
      for (let i = 0; i < calls; i++) await resolved;
      awaited += monotonicMs() - from;
    }
    const each = (ms: number) => (ms * 1_000) / (batches * calls);
    return { askedUs: each(asked), awaitedUs: each(awaited), longestBatchMs: asked / batches };
  },
});
