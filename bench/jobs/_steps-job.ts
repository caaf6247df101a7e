import { defineJob } from 'slackwater';
import * as z from 'zod';
import { ledgerOf } from '../support/ledger.js';
import { freshState, walk } from '../work/steps.js';

const payload = z.object({
  dir: z.string().describe('where the ledger of this round is kept'),
  run: z.string(),
  stepMs: z.number(),
  bytes: z.int(),
  durable: z.boolean().default(false),
});

/** A run that takes steps until the bench asks it to finish. @param by which release this is, for the ledger. */
export const stepsJob = (name: string, by: string) =>
  defineJob({
    name,
    queue: 'bench-steps',
    concurrency: 10_000,
    payload,
    checkpoint: { version: 1, schema: z.object({ step: z.int(), sum: z.int(), fill: z.string() }) },
    async run(ctx, { dir, run, stepMs, bytes, durable }) {
      const { step, sum } = await walk({
        ledger: ledgerOf(dir, by, durable),
        run,
        attempt: ctx.attempt,
        state: ctx.state ?? freshState(bytes),
        stepMs,
        save: ctx.checkpoint,
      });
      return { step, sum };
    },
  });
