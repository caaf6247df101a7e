import { defineJob } from 'slackwater';
import * as z from 'zod';
import { compute, pause, record, waits, work } from '../_jobs.js';

export { deaf, poison, publisher, stubborn, unsure } from '../_jobs.js';

/** The shape has changed: what was `done` is now a position with a unit. */
const checkpoint = {
  version: 2,
  schema: z.object({ position: z.object({ next: z.int() }), since: z.date() }),
  upgrade: { 1: (old: { done: number }) => ({ position: { next: old.done }, since: new Date(0) }) },
  downgrade: { 2: (now: { position: { next: number } }) => ({ done: now.position.next }) },
};
const fresh = () => ({ position: { next: 0 }, since: new Date(0) });

export const steps = defineJob({
  name: 'ledger.steps',
  queue: 'steps',
  payload: work,
  checkpoint,
  concurrency: 1_000,
  async run(ctx, payload) {
    const { ledger, items, everyMs } = payload;
    const state = ctx.state ?? fresh();
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

export const busy = defineJob({
  name: 'ledger.busy',
  queue: 'busy',
  payload: work,
  checkpoint,
  async run(ctx, payload) {
    const { ledger, items, everyMs } = payload;
    const state = ctx.state ?? fresh();
    while (state.position.next < items) {
      compute(everyMs);
      if (!waits(payload, state.position.next)) {
        record(ledger, ctx, state.position.next);
        state.position.next += 1;
      }
      await ctx.checkpoint(state);
    }
    return state.position.next;
  },
});
