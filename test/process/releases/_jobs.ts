import { existsSync, writeFileSync } from 'node:fs';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { compute, pause, record } from './_ledger.js';

const work = z.object({
  ledger: z.string(),
  items: z.int(),
  everyMs: z.number().default(20),
  /** Half-way the run goes on offering its state until this file is there: what a test wants to see in flight stays in flight. */
  until: z.string().optional(),
});

/** Whether a run that has done so many items has to wait for its file. */
const waits = ({ items, until }: z.output<typeof work>, done: number): boolean =>
  until !== undefined && done === Math.floor(items / 2) && !existsSync(until);

/** Cannot be stopped half-way: writes its first item at once, its last when the file `until` is there. Ends early only when told to stop at once. */
export const stubborn = defineJob({
  name: 'ledger.stubborn',
  queue: 'stubborn',
  payload: z.object({ ledger: z.string(), until: z.string() }),
  async run(ctx, { ledger, until }) {
    record(ledger, ctx, 0);
    while (!existsSync(until)) {
      ctx.signal.throwIfAborted();
      await pause(20);
    }
    record(ledger, ctx, 1);
    return 'finished';
  },
});

/** Saves nothing before the file `first` is there, and a newer state ever after, until the file `last` is. */
export const apart = defineJob({
  name: 'ledger.apart',
  queue: 'alone',
  payload: z.object({ ledger: z.string(), first: z.string(), last: z.string() }),
  checkpoint: { version: 1, schema: z.object({ saves: z.int() }) },
  async run(ctx, { ledger, first, last }) {
    record(ledger, ctx, 0);
    while (!existsSync(first)) await pause(20);
    record(ledger, ctx, 1);
    for (let saves = ctx.state?.saves ?? 0; !existsSync(last); saves++) {
      await pause(20);
      await ctx.checkpoint({ saves });
    }
    return 'ended';
  },
});

/** Saves once, then keeps its event loop blocked; on a second start it just ends. */
export const deaf = defineJob({
  name: 'ledger.deaf',
  queue: 'deaf',
  payload: z.object({ ledger: z.string(), forMs: z.number(), again: z.boolean().default(false) }),
  checkpoint: { version: 1, schema: z.object({ saved: z.literal(true) }) },
  timeout: '1h',
  async run(ctx, { ledger, forMs, again }) {
    record(ledger, ctx, ctx.state ? 1 : 0);
    if (!ctx.state) await ctx.commit({ saved: true });
    else if (!again) return 'went on';
    compute(forMs);
    record(ledger, ctx, 2);
    return 'computed';
  },
});

/** Kills its worker at every start, or until `mark` exists. */
export const poison = defineJob({
  name: 'ledger.poison',
  queue: 'poison',
  payload: z.object({ ledger: z.string(), mark: z.string(), times: z.int() }),
  async run(ctx, { ledger, mark, times }) {
    record(ledger, ctx, 0);
    await pause(20);
    for (let i = 0; i < times; i++) {
      if (existsSync(`${mark}.${i}`)) continue;
      writeFileSync(`${mark}.${i}`, '');
      process.kill(process.pid, 'SIGKILL');
      await pause(60_000);
    }
    return 'survived';
  },
});

/** A step, an outside effect and a child, each once in the life of the run. */
export const publisher = defineJob({
  name: 'ledger.publisher',
  queue: 'publisher',
  payload: work,
  checkpoint: { version: 1, schema: z.object({ round: z.int() }) },
  async run(ctx, payload) {
    const { ledger, items, everyMs } = payload;
    const seed = await ctx.step('seed', () => {
      record(ledger, ctx, 1_000);
      return 7;
    });
    const state = ctx.state ?? { round: 0 };
    while (state.round < items) {
      await pause(everyMs);
      if (!waits(payload, state.round)) state.round += 1;
      await ctx.checkpoint(state);
    }
    await ctx.once('publish', () => record(ledger, ctx, 2_000));
    const child = await ctx.enqueue('ledger.stubborn', { ledger, until: ledger });
    return { seed, child };
  },
});

/** Dies in the middle of an outside effect: once, before `mark` is there. */
export const unsure = defineJob({
  name: 'ledger.unsure',
  queue: 'unsure',
  payload: z.object({ ledger: z.string(), mark: z.string(), idempotent: z.boolean() }),
  async run(ctx, { ledger, mark, idempotent }) {
    await ctx.once(
      'pay',
      async () => {
        record(ledger, ctx, 0);
        if (existsSync(mark)) return;
        writeFileSync(mark, '');
        process.kill(process.pid, 'SIGKILL');
        await pause(60_000);
      },
      { idempotent },
    );
    return 'paid';
  },
});

/** Its outside effect always fails. */
export const failing = defineJob({
  name: 'ledger.failing',
  queue: 'failing',
  payload: z.object({ ledger: z.string() }),
  attempts: 3,
  backoff: { type: 'fixed', delay: '50ms' },
  async run(ctx, { ledger }) {
    record(ledger, ctx, 0);
    await ctx.once('pay', () => {
      throw new Error('the bank is closed');
    });
  },
});

export { compute, pause, record, waits, work };

/** Over at once. In a release whose author made a mistake (`sour`) it fails instead. */
export const short = defineJob({
  name: 'ledger.short',
  queue: 'short',
  payload: z.object({ ledger: z.string() }),
  attempts: 1_000,
  backoff: { type: 'fixed', delay: '200ms' },
  async run(ctx, { ledger }) {
    record(ledger, ctx, 0);
    return 'good';
  },
});
