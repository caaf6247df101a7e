import { setTimeout as wait } from 'node:timers/promises';
import type { Context } from 'slackwater';
import * as z from 'zod';
import { noteIn } from './_ledger.js';

export const payload = z.object({
  ledger: z.string().describe('the folder of the ledger'),
  n: z.int(),
  items: z.int(),
  stepMs: z.number(),
  deaf: z.boolean().describe('does not hear its signal: who wants it to stop has to end its worker'),
});

/** Where a run stands, whatever the shape of its state. */
export interface Place<State> {
  next: number;
  /** With this item next. */
  at(next: number): State;
}

/**
 * Item after item: notes that it begins, does it (it takes its time), commits, and notes that it is sure. Before them a step, after them an outside
 * effect and a child, each once in the life of the run.
 */
export async function work<State>(
  ctx: Context<z.output<typeof payload>, State>,
  place: Place<State>,
): Promise<{ items: number; seed: number; child: string }> {
  const { ledger, n, items, stepMs, deaf } = ctx.payload;
  const note = noteIn(ledger, ctx);
  note.started(place.next);
  const seed = await ctx.step('seed', () => {
    note.begins('seed');
    return ctx.fence;
  });
  let seedIsSure = false;
  const commit = (next: number, done: number | string) =>
    surely(ctx, place.at(next), note.unconfirmed, () => {
      if (!seedIsSure) note.isSure('seed', seed);
      seedIsSure = true;
      note.isSure(done);
    });
  for (let item = place.next; item < items; item++) {
    note.begins(item);
    await wait(stepMs, undefined, deaf ? {} : { signal: ctx.signal });
    await commit(item + 1, item);
  }
  await ctx.once('publish', () => note.begins('publish'), { idempotent: true });
  const child = await ctx.enqueue('campaign.child', { ledger, of: n });
  await commit(items, 'publish');
  return { items, seed, child };
}

/** Commits until it is confirmed. A run that yields has committed before. */
async function surely<State>(
  ctx: Context<unknown, State>,
  state: State,
  unconfirmed: () => void,
  done: () => void,
): Promise<void> {
  for (;;) {
    try {
      await ctx.commit(state);
      return done();
    } catch (error) {
      const { name, code } = error as { name?: string; code?: string };
      if (name === 'Yield') done();
      if (code !== 'unavailable') throw error;
      unconfirmed();
    }
  }
}
