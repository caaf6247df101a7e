import { readFile } from 'node:fs/promises';
import { defineJob } from 'slackwater';
import { interruptEverywhere, runJob } from 'slackwater/testing';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const payload = z.object({ to: z.int().default(5) });
const schema = z.object({ n: z.int(), sum: z.int() });
const sum = defineJob({
  name: 'sum',
  payload,
  checkpoint: { version: 1, schema },
  async run(ctx, { to }) {
    const state = ctx.state ?? { n: 0, sum: 0 };
    while (state.n < to) {
      state.n++;
      state.sum += state.n;
      await ctx.checkpoint(state);
    }
    return state.sum;
  },
});

describe('runJob', () => {
  it('runs a job to its end and tells what it did', async () => {
    const job = defineJob({
      name: 'all',
      payload,
      checkpoint: { version: 1, schema },
      async run(ctx, { to }) {
        await ctx.step('greet', () => 'hello');
        await ctx.enqueue(sum, { to });
        await ctx.sleep('12h');
        ctx.progress(1, 2, 'half');
        ctx.log.info('logged');
        await ctx.commit({ n: 1, sum: 1 });
        return 'done';
      },
    });
    expect(await runJob(job, {})).toEqual({
      result: 'done',
      starts: 1,
      yields: 0,
      crashes: 0,
      checkpoints: 1,
      state: { n: 1, sum: 1 },
      states: expect.arrayContaining([{ n: 1, sum: 1 }]),
      steps: { greet: 'hello' },
      enqueued: [{ id: expect.any(String), job: 'sum', payload: { to: 5 }, options: {} }],
      progress: [{ done: 1, total: 2, note: 'half' }],
      logs: [expect.objectContaining({ msg: 'logged' })],
    });
  });

  it('yields at a checkpoint, with its state saved', async () => {
    const { result, starts, yields, crashes, checkpoints, states } = await runJob(sum, {}, { yieldAt: 3 });
    expect({ result, starts, yields, crashes, checkpoints }).toEqual({
      result: 15,
      starts: 2,
      yields: 1,
      crashes: 0,
      checkpoints: 5,
    });
    expect(states).toEqual([1, 2, 3, 4, 5].map(n => expect.objectContaining({ n })));
  });

  it('crashes at a checkpoint, before it is saved, and runs no finally', async () => {
    let closed = 0;
    const job = defineJob({
      ...{ name: 'sum', payload, checkpoint: { version: 1 as const, schema } },
      async run(ctx, payload) {
        try {
          return await sum.run(ctx, payload);
        } finally {
          closed++;
        }
      },
    });
    const { result, starts, crashes, checkpoints } = await runJob(job, {}, { crashAt: 3 });
    expect({ result, starts, crashes, checkpoints }).toEqual({
      result: 15,
      starts: 2,
      crashes: 1,
      checkpoints: 6,
    });
    expect(closed).toBe(1);
  });

  it('takes several of both, as methods too', async () => {
    const options = await runJob(sum, {}, { yieldAt: [1, 2], crashAt: 4 });
    const methods = await runJob(sum, {}).yieldAt(1, 2).crashAt(4);
    expect(methods).toEqual(options);
    expect(options).toMatchObject({ result: 15, starts: 4, yields: 2, crashes: 1 });
  });

  it('swaps to another version of the job, after proving the state both ways', async () => {
    const migrated: string[] = [];
    const next = defineJob({
      name: 'sum',
      payload,
      checkpoint: {
        version: 2,
        schema: z.object({ at: z.int(), total: z.int() }),
        upgrade: {
          1: old => {
            migrated.push('up');
            return { at: old.n, total: old.sum };
          },
        },
        downgrade: {
          2: now => {
            migrated.push('down');
            return { n: now.at, sum: now.total };
          },
        },
      },
      async run(ctx, { to }) {
        const state = ctx.state ?? { at: 0, total: 0 };
        while (state.at < to) {
          state.total += ++state.at;
          await ctx.checkpoint(state);
        }
        return { total: state.total };
      },
    });
    const swapped = await runJob(sum, {}, { swapTo: { job: next, at: 2 } });
    expect(swapped).toMatchObject({
      result: { total: 15 },
      starts: 2,
      yields: 1,
      state: { at: 5, total: 15 },
    });
    expect(migrated).toEqual(['up', 'down', 'up']);
    expect(await runJob(sum, {}, { swapTo: next, yieldAt: 2 })).toEqual(swapped);
    expect(await runJob(sum, {}).swapTo(next, 2)).toEqual(swapped);
    expect((await runJob(sum, {}, { swapTo: next })).result).toEqual({ total: 15 });
  });

  it('refuses a swap that a window would refuse, naming the path', async () => {
    const stricter = defineJob({
      name: 'sum',
      payload,
      checkpoint: { version: 1, schema: schema.extend({ airport: z.string() }) },
      run: () => null,
    });
    await expect(runJob(sum, {}, { swapTo: stricter })).rejects.toThrow(/the swap is refused.*\/airport: /);
  });

  it('starts from a given state of any version', async () => {
    expect((await runJob(sum, {}, { state: { n: 4, sum: 100 } })).result).toBe(105);
    const later = defineJob({
      name: 'sum',
      checkpoint: { version: 2, schema, upgrade: { 1: old => ({ n: old, sum: old }) } },
      run: ctx => ctx.state,
    });
    expect((await runJob(later, null, { state: 3 as never, version: 1 })).result).toEqual({ n: 3, sum: 3 });
  });

  it('throws what the job throws, with the account so far', async () => {
    class Own extends Error {}
    const job = defineJob({
      name: 'sum',
      checkpoint: { version: 1, schema },
      async run(ctx) {
        await ctx.checkpoint({ n: 1, sum: 1 });
        throw new Own('boom');
      },
    });
    const error = await runJob(job, null).catch(error => error);
    expect(error).toBeInstanceOf(Own);
    expect(error.run).toMatchObject({ starts: 1, state: { n: 1, sum: 1 } });
  });

  it('tries again as the job says, on a clock that jumps', async () => {
    const attempts: number[] = [];
    const job = defineJob({
      name: 'flaky',
      attempts: 3,
      backoff: { type: 'fixed', delay: '1h' },
      run(ctx) {
        attempts.push(ctx.attempt);
        if (ctx.attempt < 3) throw new Error('not yet');
        return 'done';
      },
    });
    expect(await runJob(job, null)).toMatchObject({ result: 'done', starts: 3 });
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('refuses a bad payload', async () => {
    await expect(runJob(sum, { to: 'x' as never })).rejects.toThrow('/to: ');
  });

  it('says that a run is set aside', async () => {
    const job = defineJob({
      name: 'pay',
      checkpoint: { version: 1, schema },
      async run(ctx) {
        await ctx.once('pay', () => ctx.commit({ n: 1, sum: 1 }));
      },
    });
    await expect(runJob(job, null, { crashAt: 1 })).rejects.toThrow(
      expect.objectContaining({ name: 'Parked', message: expect.stringContaining('outcome unknown') }),
    );
  });

  it('lets real I/O take its time', async () => {
    const job = defineJob({
      name: 'io',
      run: async () => (await readFile(import.meta.filename, 'utf8')).length > 0,
    });
    expect((await runJob(job, null)).result).toBe(true);
  });

  it('refuses checkpoint 0, and a change of plan after the start', async () => {
    expect(() => runJob(sum, {}, { yieldAt: 0 })).toThrow('counted from 1');
    const run = runJob(sum, {});
    await run;
    expect(() => run.yieldAt(1)).toThrow('has begun');
  });
});

describe('interruptEverywhere', () => {
  it('finds nothing wrong with a job that goes on where it stopped', async () => {
    const report = { result: 15, checkpoints: 5, interruptions: 10 };
    expect(await interruptEverywhere(sum, {})).toEqual(report);
    expect(await runJob(sum, {}).interruptEverywhere()).toEqual(report);
  });

  it('covers each, its nesting and its pages', async () => {
    const job = defineJob({
      name: 'walk',
      checkpoint: { version: 1, schema: z.object({ seen: z.array(z.string()) }) },
      async run(ctx) {
        const state = ctx.state ?? { seen: [] };
        await ctx.each(
          async (page = 0) => ({ items: [page * 2, page * 2 + 1], next: page < 1 ? page + 1 : null }),
          async outer => {
            await ctx.each(
              ['x', 'y'],
              async inner => {
                state.seen.push(outer + inner);
                await ctx.checkpoint(state);
              },
              { key: 'inner' },
            );
          },
        );
        return state.seen;
      },
    });
    const { result, checkpoints } = await interruptEverywhere(job, null);
    expect(result).toEqual(['0x', '0y', '1x', '1y', '2x', '2y', '3x', '3y']);
    expect(checkpoints).toBe(12);
  });

  it('names each checkpoint where the result differs', async () => {
    const forgetful = defineJob({
      name: 'forgetful',
      checkpoint: { version: 1, schema: z.object({ n: z.int() }) },
      async run(ctx) {
        let sum = 0;
        for (let n = (ctx.state?.n ?? 0) + 1; n <= 3; n++) {
          sum += n;
          await ctx.checkpoint({ n });
        }
        return sum;
      },
    });
    const error: Error = await interruptEverywhere(forgetful, null).then(
      () => expect.unreachable(),
      error => error,
    );
    expect(error.message).toContain('job "forgetful" does not go on where it stopped');
    expect(error.message).toContain('with a yield at checkpoint 1 of 3 the result is 5 instead of 6');
    expect(error.message).toContain('with a crash at checkpoint 3 of 3 the result is 3 instead of 6');
    expect(error.message).not.toContain('crash at checkpoint 1');
  });

  it('names the checkpoint where an interrupted run fails', async () => {
    const broken = defineJob({
      name: 'broken',
      checkpoint: { version: 1, schema: z.object({ n: z.int() }) },
      async run(ctx) {
        if (ctx.state) throw new Error('cannot go on');
        await ctx.checkpoint({ n: 1 });
      },
    });
    await expect(interruptEverywhere(broken, null)).rejects.toThrow(
      'a yield at checkpoint 1 of 1 it fails: cannot go on',
    );
  });
});
