import { type Context, defineJob } from 'slackwater';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { settle, start } from './execution-harness.js';

type Ctx = Context<unknown, { n: number }>;

/** Runs to its end, and tells what chances to yield it had. `pass` lets time go by. */
async function chancesOf(run: (ctx: Ctx, pass: (ms: number) => void) => Promise<unknown>) {
  const clock = new FakeClock(Date.UTC(2025, 0, 1));
  const checkpoint = { version: 1, schema: z.object({ n: z.int() }) };
  const job = defineJob({ name: 'a', checkpoint, run: ctx => run(ctx, ms => clock.advance(ms)) });
  const started = start(job, {}, { clock });
  const pump = async () => {
    for (let i = 0; i < 50; i++) {
      await settle();
      clock.jump();
    }
  };
  const [end] = await Promise.all([started.ended, pump()]);
  expect(end.kind).toBe('completed');
  return started.takeChances();
}

describe('between two chances to yield', () => {
  test('one long step among many short ones is seen, though most offers are not due', async () => {
    const seen = await chancesOf(async (ctx, pass) => {
      for (let n = 1; n <= 100; n++) {
        pass(n === 50 ? 5_000 : 1);
        await ctx.checkpoint({ n });
      }
    });
    // The end of the run is the last chance.
    expect(seen).toEqual({ count: 101, ms: 5_099, longest: 5_000 });
  });

  test('each item counts, and what comes after the last one', async () => {
    const seen = await chancesOf(async (ctx, pass) => {
      await ctx.each([1, 2, 3], () => pass(10));
      pass(400);
    });
    expect(seen).toEqual({ count: 4, ms: 430, longest: 400 });
  });

  test('a step of a run that keeps its state elsewhere is one long stretch', async () => {
    const seen = await chancesOf(async (ctx, pass) => {
      await ctx.checkpoint({ n: 0 });
      await ctx.step('a', () => pass(300));
      await ctx.step('b', () => pass(300));
      await ctx.checkpoint({ n: 1 });
    });
    expect(seen?.longest).toBe(600);
  });

  test('a run of steps alone can yield before each', async () => {
    const seen = await chancesOf(async (ctx, pass) => {
      await ctx.step('a', () => pass(300));
      await ctx.step('b', () => pass(200));
    });
    expect(seen).toEqual({ count: 3, ms: 500, longest: 300 });
  });

  test('a long sleep is no stretch: it can be left at any moment', async () => {
    const seen = await chancesOf(async (ctx, pass) => {
      pass(20);
      await ctx.sleep('1h');
      await ctx.checkpoint({ n: 1 });
    });
    expect(seen?.longest).toBeLessThanOrEqual(1_000);
  });

  test('there is nothing to tell of a run that never could', async () => {
    expect(await chancesOf(async (_, pass) => pass(5_000))).toBeUndefined();
  });

  test('what was told is not told again', async () => {
    const clock = new FakeClock(0);
    let told: unknown;
    const started = start(
      defineJob({
        name: 'a',
        checkpoint: { version: 1, schema: z.object({ n: z.int() }) },
        async run(ctx) {
          clock.advance(30);
          await ctx.checkpoint({ n: 1 });
          told = started.takeChances();
          clock.advance(7);
        },
      }),
      {},
      { clock },
    );
    await started.ended;
    expect(told).toEqual({ count: 1, ms: 30, longest: 30 });
    expect(started.takeChances()).toEqual({ count: 1, ms: 7, longest: 7 });
  });
});
