import { defineJob } from 'slackwater';
import * as z from 'zod';
import { pause, record } from './_ledger.js';

/** Saves a small state, then one of so many bytes. */
export const growing = defineJob({
  name: 'ledger.growing',
  queue: 'growing',
  payload: z.object({ ledger: z.string(), bytes: z.int() }),
  checkpoint: { version: 1, schema: z.object({ text: z.string() }) },
  async run(ctx, { ledger, bytes }) {
    record(ledger, ctx, 0);
    await ctx.commit({ text: 'small' });
    await ctx.commit({ text: 'x'.repeat(bytes) });
  },
});

/** Asked to yield, it takes that for a mishap of its own and returns. */
export const swallowing = defineJob({
  name: 'ledger.swallowing',
  queue: 'swallowing',
  payload: z.object({ ledger: z.string() }),
  checkpoint: { version: 1, schema: z.object({ round: z.int() }) },
  async run(ctx, { ledger }) {
    record(ledger, ctx, 0);
    for (let round = ctx.state?.round ?? 0; ; round++) {
      await pause(20);
      try {
        await ctx.checkpoint({ round });
      } catch {
        return 'done, I suppose';
      }
    }
  },
});

/** What it saves kills whoever goes on from it. */
export const spoiling = defineJob({
  name: 'ledger.spoiling',
  queue: 'spoiling',
  payload: z.object({ ledger: z.string() }),
  checkpoint: { version: 1, schema: z.object({ spoiled: z.literal(true) }) },
  async run(ctx, { ledger }) {
    record(ledger, ctx, ctx.state ? 1 : 0);
    if (ctx.state) process.kill(process.pid, 'SIGKILL');
    for (;;) {
      await pause(20);
      await ctx.checkpoint({ spoiled: true });
    }
  },
});
