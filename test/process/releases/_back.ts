import { existsSync, writeFileSync } from 'node:fs';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { pause, record } from './_ledger.js';

const payload = z.object({
  ledger: z.string(),
  items: z.int(),
  /** Before item `at` it goes on offering its state until `file` is there. */
  gates: z.array(z.object({ at: z.int(), file: z.string() })),
  /** What the way down is to make of its state in version 2. */
  fails: z.enum(['no', 'throws', 'dies', 'misfits']).default('no'),
  /** Once the later code has done nine items it fails, until this file is there. */
  stumbles: z.string().optional(),
});
type Payload = z.output<typeof payload>;

const waits = ({ gates }: Payload, item: number): boolean =>
  gates.some(({ at, file }) => at === item && !existsSync(file));

/** The job as it was: its state counts what is done. */
export const before = (name: string) =>
  defineJob({
    name,
    queue: name,
    payload,
    checkpoint: { version: 1, schema: z.strictObject({ done: z.int() }) },
    concurrency: 1_000,
    async run(ctx, payload) {
      const state = ctx.state ?? { done: 0 };
      while (state.done < payload.items) {
        await pause(20);
        if (!waits(payload, state.done)) record(payload.ledger, ctx, state.done++);
        await ctx.checkpoint(state);
      }
      return state.done;
    },
  });

export interface State {
  position: { next: number };
  fails: Payload['fails'];
}

const stumbles = ({ stumbles }: Payload, done: number): boolean =>
  stumbles !== undefined && done === 9 && !existsSync(stumbles);

interface Back {
  downgrade?: { 2: (now: State) => unknown };
  onRollback?: 'repeat' | 'park';
}

/** The same job with another shape of its state. */
export const after = (name: string, back: Back) =>
  defineJob({
    name,
    queue: name,
    payload,
    checkpoint: {
      version: 2,
      schema: z.object({ position: z.object({ next: z.int() }), fails: payload.shape.fails }),
      upgrade: { 1: (old: { done: number }) => ({ position: { next: old.done }, fails: 'no' as const }) },
      ...back,
    },
    concurrency: 1_000,
    attempts: 3,
    backoff: { type: 'fixed', delay: '20ms' },
    async run(ctx, payload) {
      const state = ctx.state ?? { position: { next: 0 }, fails: payload.fails };
      state.fails = payload.fails;
      while (state.position.next < payload.items) {
        await pause(20);
        if (!waits(payload, state.position.next)) record(payload.ledger, ctx, state.position.next++);
        await ctx.checkpoint(state);
        if (stumbles(payload, state.position.next)) {
          await ctx.commit(state);
          writeFileSync(payload.stumbles!, '');
          throw new Error('one try fails');
        }
      }
      return state.position.next;
    },
  });
