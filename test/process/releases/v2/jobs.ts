import { defineJob } from 'slackwater';
import * as z from 'zod';
import { compute, pause, record, waits, work } from '../_jobs.js';

export { deaf, failing, poison, publisher, short, stubborn, unsure } from '../_jobs.js';

/** The shape has changed: what was `done` is now a position with a unit. */
const checkpoint = {
  version: 2,
  schema: z.object({ position: z.object({ next: z.int() }), since: z.date() }),
  upgrade: { 1: (old: { done: number }) => ({ position: { next: old.done }, since: new Date(0) }) },
  downgrade: { 2: (now: { position: { next: number } }) => ({ done: now.position.next }) },
};
const fresh = () => ({ position: { next: 0 }, since: new Date(0) });

const itemByItem = (name: string, between: (ms: number) => unknown, concurrency?: number) =>
  defineJob({
    name: `ledger.${name}`,
    queue: name,
    payload: work,
    checkpoint,
    ...(concurrency && { concurrency }),
    async run(ctx, payload) {
      const { ledger, items, everyMs } = payload;
      const state = ctx.state ?? fresh();
      while (state.position.next < items) {
        await between(everyMs);
        if (!waits(payload, state.position.next)) {
          record(ledger, ctx, state.position.next);
          state.position.next += 1;
        }
        await ctx.checkpoint(state);
      }
      return state.position.next;
    },
  });

export const steps = itemByItem('steps', pause, 1_000);
export const busy = itemByItem('busy', compute);

/** Asked to stop, it saves a last state and fails: what it leaves is not what it had when the window began. */
export const parting = defineJob({
  name: 'ledger.parting',
  queue: 'parting',
  payload: z.object({ ledger: z.string() }),
  checkpoint: { version: 2, schema: z.object({ left: z.int().min(0) }), upgrade: { 1: old => old } },
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
