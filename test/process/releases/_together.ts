import { existsSync } from 'node:fs';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { pause, record } from './_ledger.js';

/** Steps of `everyMs`; while the file `mood` is there, of `slowMs`. The step number `stuckAt` is not over before the file `until` is there. */
const payload = z.object({
  ledger: z.string(),
  items: z.int(),
  everyMs: z.number(),
  slowMs: z.number().default(0),
  mood: z.string().default(''),
  stuckAt: z.int().default(-1),
  until: z.string().default(''),
});

const stepping = (name: string) =>
  defineJob({
    name,
    queue: name,
    payload,
    checkpoint: { version: 1, schema: z.object({ done: z.int() }) },
    async run(ctx, { ledger, items, everyMs, slowMs, mood, stuckAt, until }) {
      const state = ctx.state ?? { done: 0 };
      while (state.done < items) {
        await pause(existsSync(mood) ? slowMs : everyMs);
        while (state.done === stuckAt && !existsSync(until)) await pause(20);
        record(ledger, ctx, state.done);
        state.done += 1;
        await ctx.checkpoint(state);
      }
      return state.done;
    },
  });

export const fast = stepping('together.fast');
export const slow = stepping('together.slow');

const whole = (name: string) =>
  defineJob({
    name,
    queue: 'together.whole',
    payload: z.object({ ledger: z.string() }),
    concurrency: 1,
    async run(ctx, { ledger }) {
      record(ledger, ctx, 0);
    },
  });

/** Neither can stop half-way. */
export const long = whole('together.long');
export const short = whole('together.short');
