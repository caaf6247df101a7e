import { existsSync } from 'node:fs';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { pause, record } from '../_jobs.js';

export * from '../v1/jobs.js';

/** One item after another until the file is there: it lasts for as many deploys as a test wants. */
export const lasting = defineJob({
  name: 'ledger.lasting',
  queue: 'lasting',
  payload: z.object({ ledger: z.string(), until: z.string() }),
  checkpoint: { version: 1, schema: z.object({ done: z.int() }) },
  async run(ctx, { ledger, until }) {
    const state = ctx.state ?? { done: 0 };
    while (!existsSync(until)) {
      await pause(20);
      record(ledger, ctx, state.done);
      state.done += 1;
      await ctx.checkpoint(state);
    }
    return state.done;
  },
});

/** Asked to stop, it starts a child before it comes to its next checkpoint. */
export const parent = defineJob({
  name: 'ledger.parent',
  queue: 'parent',
  payload: z.object({ ledger: z.string() }),
  checkpoint: { version: 1, schema: z.object({ child: z.string().nullable() }) },
  async run(ctx, { ledger }) {
    const state = ctx.state ?? { child: null };
    if (state.child === null) {
      while (!ctx.draining) await pause(20);
      state.child = await ctx.enqueue('ledger.steps', { ledger, items: 1, everyMs: 1 });
      await ctx.checkpoint(state);
    }
    return state.child;
  },
});
