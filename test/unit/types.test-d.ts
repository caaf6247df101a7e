/**
 * What must compile and what must not. `types.test.ts` runs the compiler over this file: an error that does not come is as much a
 * failure as one that does.
 */
import { type Context, defineJob } from 'slackwater';
import * as z from 'zod';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

const state = z.object({ line: z.int(), minutes: z.record(z.string(), z.number()) });

/** The example of the contracts page, word for word in its shapes. */
export const delays = defineJob({
  name: 'flights.delays',
  queue: 'reports',
  payload: z.object({ file: z.string(), limit: z.int().default(10) }),
  checkpoint: {
    version: 2,
    schema: state,
    upgrade: { 1: old => ({ line: old.offset, minutes: old.minutes }) },
    downgrade: { 2: now => ({ offset: now.line, minutes: now.minutes }) },
    every: '250ms',
    onRollback: 'repeat',
  },
  attempts: 3,
  backoff: { type: 'exponential', delay: '5s' },
  timeout: '2h',
  concurrency: 4,
  async run(ctx, payload) {
    same<typeof payload, { file: string; limit: number }>(true);
    same<typeof ctx.state, { line: number; minutes: Record<string, number> } | undefined>(true);
    const state = ctx.state ?? { line: 0, minutes: {} };
    state.line += 1;
    await ctx.checkpoint(state);
    await ctx.commit(state);
    // @ts-expect-error a field of the state is missing
    await ctx.checkpoint({ line: 1 });
    // @ts-expect-error a field of the state has another type
    await ctx.commit({ line: 'one', minutes: {} });
    // @ts-expect-error the payload has no such field
    payload.fiel;
    const kept = await ctx.step('count', () => ({ rows: 3 }));
    same<typeof kept, { rows: number }>(true);
    await ctx.each([1, 2], (n: number) => n);
    await ctx.each(rows(), row => row.toUpperCase());
    await ctx.each(
      async (cursor?: string) => ({ items: [{ id: 1 }], next: cursor }),
      item => item.id,
      { key: 'pages', state },
    );
    await ctx.each(['a'], name => name, { key: name => name });
    // @ts-expect-error the items are numbers
    await ctx.each([1, 2], (word: string) => word);
    return { airports: Object.keys(state.minutes).length };
  },
});

async function* rows() {
  yield 'row';
}

/** Without `checkpoint`, and `run` before the schemas. */
export const plain = defineJob({
  name: 'plain',
  async run(ctx, { file }) {
    same<typeof ctx.state, undefined>(true);
    // @ts-expect-error this job declares no checkpoint
    await ctx.checkpoint({});
    await ctx.enqueue(delays, { file });
    await ctx.enqueue('of.another.app', { anything: 1 }, { delay: '5m', priority: 1 });
    // @ts-expect-error the payload of delays has a file
    await ctx.enqueue(delays, { fil: 'x' });
    // @ts-expect-error file is text
    await ctx.enqueue(delays, { file: 1 });
  },
  payload: z.object({ file: z.string() }),
});

type ResultOf<J> = J extends { run(ctx: never, payload: never): infer R | Promise<infer R> }
  ? Awaited<R>
  : never;
same<ResultOf<typeof delays>, { airports: number }>(true);

defineJob({
  name: 'three',
  checkpoint: {
    version: 3,
    schema: z.object({ n: z.int() }),
    // Those before the last give shapes that no schema describes any more.
    upgrade: { 1: old => ({ whatever: old }), 2: old => ({ n: old.whatever }) },
    downgrade: { 3: now => ({ whatever: now.n }), 2: old => old.whatever },
  },
  run: async ctx => ctx.state?.n,
});

defineJob({
  name: 'wrong.upgrade',
  checkpoint: {
    version: 2,
    schema: z.object({ line: z.int() }),
    // @ts-expect-error the last upgrade gives lin, the schema wants line
    upgrade: { 1: old => ({ lin: old.offset }) },
  },
  run: async () => null,
});

defineJob({
  name: 'wrong.key',
  checkpoint: {
    version: 2,
    schema: z.object({ line: z.int() }),
    // @ts-expect-error there is no version 3 to upgrade from
    upgrade: { 1: old => ({ line: old.offset }), 3: (old: unknown) => old },
  },
  run: async () => null,
});

defineJob({
  name: 'wrong.downgrade',
  checkpoint: {
    version: 2,
    schema: z.object({ line: z.int() }),
    upgrade: { 1: old => ({ line: old.offset }) },
    // @ts-expect-error the state has line, not lin
    downgrade: { 2: now => ({ offset: now.lin }) },
  },
  run: async () => null,
});

defineJob({
  name: 'wrong.option',
  // @ts-expect-error attempts, not attempt
  attempt: 3,
  run: async () => null,
});

// @ts-expect-error run is missing
defineJob({ name: 'no.run' });

/** A helper may take any context of its kind. */
export async function helper(ctx: Context<unknown, { line: number }>): Promise<void> {
  await ctx.checkpoint({ line: 1 });
  // @ts-expect-error line is a number
  await ctx.checkpoint({ line: '1' });
}
