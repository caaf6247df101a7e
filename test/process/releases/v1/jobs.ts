import { defineJob } from 'slackwater';
import * as z from 'zod';
import { compute, pause, record, waits, work } from '../_jobs.js';

export { apart, deaf, failing, poison, publisher, short, stubborn, unsure } from '../_jobs.js';

const checkpoint = { version: 1, schema: z.object({ done: z.int() }) };

/** One item after another. */
const itemByItem = (name: string, between: (ms: number) => unknown, concurrency?: number) =>
  defineJob({
    name: `ledger.${name}`,
    queue: name,
    payload: work,
    checkpoint,
    ...(concurrency && { concurrency }),
    async run(ctx, payload) {
      const { ledger, items, everyMs } = payload;
      const state = ctx.state ?? { done: 0 };
      while (state.done < items) {
        await between(everyMs);
        if (!waits(payload, state.done)) {
          record(ledger, ctx, state.done);
          state.done += 1;
        }
        await ctx.checkpoint(state);
      }
      return state.done;
    },
  });

/** Waits between its items. */
export const steps = itemByItem('steps', pause, 1_000);
/** Computes between its items, without ever waiting. */
export const busy = itemByItem('busy', compute);

/** Asked to stop, it saves a last state and fails: what it leaves is not what it had when the window began. */
export const parting = defineJob({
  name: 'ledger.parting',
  queue: 'parting',
  payload: z.object({ ledger: z.string() }),
  checkpoint: { version: 1, schema: z.object({ left: z.int() }) },
  attempts: 5,
  backoff: { type: 'fixed', delay: '1h' },
  async run(ctx, { ledger }) {
    record(ledger, ctx, 0);
    await ctx.commit({ left: 1 });
    while (!ctx.draining) await pause(20);
    await ctx.commit({ left: -1 }).catch(() => {});
    throw new Error('not like this');
  },
});
