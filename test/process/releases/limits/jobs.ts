import { existsSync } from 'node:fs';
import { defineJob, defineWorkflow } from 'slackwater';
import * as z from 'zod';
import { pause, record } from '../_ledger.js';

const work = z.object({
  ledger: z.string(),
  items: z.int(),
  everyMs: z.number().default(20),
  customer: z.string().optional(),
  /** It does its first item, then waits for this file. */
  until: z.string().optional(),
});
const checkpoint = { version: 1, schema: z.object({ done: z.int() }), every: '50ms' } as const;

const job = (
  name: string,
  flow: Pick<Parameters<typeof defineJob>[0], 'limit' | 'concurrencyKey' | 'retention'>,
) =>
  defineJob({
    name,
    queue: 'shared',
    payload: work,
    checkpoint,
    ...flow,
    async run(ctx, { ledger, items, everyMs, until }) {
      const state = ctx.state ?? { done: 0 };
      while (state.done < items) {
        if (state.done !== 1 || until === undefined || existsSync(until)) {
          record(ledger, ctx, state.done);
          state.done += 1;
        }
        await pause(everyMs);
        await ctx.checkpoint(state);
      }
      return state.done;
    },
  });

export const two = job('limits.two', { limit: { concurrency: 2 } });
export const keyed = job('limits.keyed', { concurrencyKey: 'customer' });
export const rated = job('limits.rated', { limit: { rate: { max: 3, per: '1s' } } });
export const free = job('limits.free', {});
export const shortLived = job('limits.short-lived', { retention: { completed: '1s', failed: '1s' } });

/** A run of the job with two seats for each of many elements. */
export const fan = defineWorkflow({
  name: 'limits.fan',
  queue: 'fans',
  payload: z.object({ ledger: z.string(), elements: z.int(), until: z.string().optional() }),
}).step('each', two, {
  each: ({ payload: { elements, ...payload } }) =>
    Array.from({ length: elements }, () => ({ ...payload, items: 2, everyMs: 5 })),
});
