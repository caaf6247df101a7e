import { defineJob } from 'slackwater';
import * as z from 'zod';
import { pause, record, waits, work } from '../_jobs.js';

export { deaf, failing, poison, publisher, stubborn, unsure } from '../_jobs.js';

/** Its upgrade forgets that `position.next` must be a number. */
export const steps = defineJob({
  name: 'ledger.steps',
  queue: 'steps',
  payload: work,
  checkpoint: {
    version: 2,
    schema: z.object({ position: z.object({ next: z.int() }) }),
    // biome-ignore lint/suspicious/noExplicitAny: what a type check would catch must get as far as the proof here.
    upgrade: { 1: (old: { done: number }): any => ({ position: { next: `item ${old.done}` } }) },
  },
  async run(ctx, payload) {
    const { ledger, items, everyMs } = payload;
    const state = ctx.state ?? { position: { next: 0 } };
    while (state.position.next < items) {
      await pause(everyMs);
      if (!waits(payload, state.position.next)) {
        record(ledger, ctx, state.position.next);
        state.position.next += 1;
      }
      await ctx.checkpoint(state);
    }
    return state.position.next;
  },
});
