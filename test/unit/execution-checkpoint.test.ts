import { setImmediate as turn } from 'node:timers/promises';
import { defineJob, SlackwaterError } from 'slackwater';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { systemClock } from '../../src/platform/clock.js';
import { countJob, finalState, gate, settle, start } from './execution-harness.js';

describe('ctx.checkpoint', () => {
  it('saves the state as it was at the call, and is done without waiting for it', async () => {
    const { opened, open } = gate();
    const started = start(
      countJob(async ctx => {
        const state = { n: 1 };
        await ctx.checkpoint(state);
        state.n = 2;
        await opened;
      }),
    );
    await settle();
    expect(started.host.states).toEqual([{ n: 1 }]);
    expect(started.host.saves[0]).toMatchObject({
      durable: false,
      checkpoint: { version: 1, cursors: null },
    });
    open();
    expect(await started.ended).toMatchObject({ kind: 'completed' });
  });

  it('keeps nothing of a call within five milliseconds of the last', async () => {
    const { opened, open } = gate();
    const reads = vi.fn();
    const started = start(
      countJob(async ctx => {
        for (let n = 1; n <= 1_000; n++) {
          const state = { n };
          Object.defineProperty(state, 'n', { enumerable: true, get: () => reads() ?? n });
          await ctx.checkpoint(state);
        }
        await opened;
      }),
    );
    await settle();
    expect(started.host.states).toEqual([{ n: 1 }]);
    expect(reads.mock.calls.length).toBeLessThan(10);
    open();
    await started.ended;
  });

  it('saves when `every` has passed, and the last offer of a job that then waits', async () => {
    const { opened, open } = gate();
    const started = start(
      countJob(
        async ctx => {
          for (let n = 1; n <= 9; n++) {
            await ctx.checkpoint({ n });
            started.clock.advance(30);
          }
          await opened;
        },
        { every: '100ms' },
      ),
    );
    await settle();
    expect(started.host.states).toEqual([{ n: 1 }, { n: 4 }, { n: 7 }]);
    started.clock.advance(100);
    await settle();
    expect(started.host.states.at(-1)).toEqual({ n: 9 });
    open();
    await started.ended;
  });

  it('is kept from being saved by what serialising costs again and again, not by what it cost once', async () => {
    const savedAfter = async (costs: number[]) => {
      const { opened, open } = gate();
      const started = start(
        countJob(
          async ctx => {
            for (let n = 1; n <= 100; n++) {
              const state = { n };
              // Read twice each time: serialised, and held against the schema.
              const get = () => started.clock.advance((costs.shift() ?? 0) / 2) ?? n;
              Object.defineProperty(state, 'n', { enumerable: true, get });
              await ctx.checkpoint(state);
              started.clock.advance(10);
            }
            await opened;
          },
          { every: '10ms' },
        ),
      );
      await settle();
      open();
      await started.ended;
      return started.host.saves.length;
    };
    expect(await savedAfter([])).toBe(100);
    // The first time, and one in the middle: a collection of garbage took 40 ms.
    expect(await savedAfter([40, 40])).toBeGreaterThan(90);
    expect(await savedAfter([0, 0, 0, 0, 40, 40])).toBeGreaterThan(90);
    expect(await savedAfter(Array(1_000).fill(4))).toBeLessThan(10);
  });

  it('has one save under way at a time; the newest offer wins', async () => {
    const slow = gate();
    const done = gate();
    const started = start(
      countJob(
        async ctx => {
          for (let n = 1; n <= 5; n++) {
            await ctx.checkpoint({ n });
            started.clock.advance(10);
          }
          await done.opened;
        },
        { every: 0 },
      ),
    );
    started.host.answer = () => slow.opened;
    await settle();
    expect(started.host.states).toEqual([{ n: 1 }]);
    slow.open();
    await settle();
    expect(started.host.states).toEqual([{ n: 1 }, { n: 5 }]);
    done.open();
    await started.ended;
  });

  it('gives the event loop a turn in a tight loop, so that the drain is heard', async () => {
    let rounds = 0;
    const started = start(
      countJob(async ctx => {
        for (;;) {
          rounds++;
          await ctx.checkpoint({ n: rounds });
        }
      }),
      {},
      { clock: systemClock },
    );
    await turn();
    await turn();
    started.drain(true);
    const end = await started.ended;
    expect(end.kind).toBe('yielded');
    expect(finalState(end)).toEqual({ n: rounds });
  });

  it.each([
    ['does not fit its schema', { n: 'one' }, 'does not fit its checkpoint.schema: /n: '],
    ['holds a function', { n: 1, fn() {} }, 'fn (/fn) is a function'],
  ])('refuses a state that %s, at the call', async (_, state, message) => {
    const end = await start(countJob(ctx => ctx.checkpoint(state as never))).ended;
    expect(end).toMatchObject({
      kind: 'failed',
      retry: true,
      error: { message: expect.stringContaining(message) },
    });
  });

  it('warns once of a large state, and refuses one that is too large', async () => {
    const big = defineJob({
      name: 'big',
      checkpoint: { version: 1, schema: z.object({ text: z.string() }) },
      async run(ctx, payload) {
        for (const size of payload as number[]) {
          await ctx.checkpoint({ text: 'x'.repeat(size) });
          clock.advance(1_000);
        }
      },
    });
    const started = start(big, { payload: [100, 70_000, 80_000, 300_000] }, { checkpointLimit: 200_000 });
    const { clock } = started;
    expect(await started.ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('job "big" has 300,012 bytes, the limit is 200,000') },
    });
    expect(started.host.lines.map(line => line.msg)).toEqual([expect.stringContaining('has 70,012 bytes')]);
  });

  it('needs a checkpoint in the definition', async () => {
    const plain = defineJob({ name: 'plain', run: ctx => ctx.checkpoint({} as never) });
    expect(await start(plain).ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('add checkpoint: { version: 1') },
    });
  });

  it('tells a refused save at the next call', async () => {
    const started = start(
      countJob(async ctx => {
        await ctx.checkpoint({ n: 1 });
        await settle();
        await ctx.commit({ n: 2 });
      }),
    );
    started.host.answer = async () => {
      throw new SlackwaterError('too-large', 'no room');
    };
    expect(await started.ended).toMatchObject({ kind: 'failed', error: { message: 'no room' } });
  });

  it('saves the last offer before it tells of a failure, so that a retry repeats nothing', async () => {
    const started = start(
      countJob(async ctx => {
        for (let n = 1; n <= 3; n++) {
          await ctx.checkpoint({ n });
          started.clock.advance(10);
        }
        throw new Error('boom');
      }),
    );
    expect(await started.ended).toMatchObject({ kind: 'failed' });
    expect(started.host.states).toEqual([{ n: 1 }, { n: 3 }]);
  });
});

describe('ctx.commit', () => {
  it('is durable when it resolves', async () => {
    const stored = gate();
    let committed = false;
    const started = start(
      countJob(async ctx => {
        await ctx.commit({ n: 1 });
        committed = true;
      }),
    );
    started.host.answer = () => stored.opened;
    await settle();
    expect(started.host.saves).toEqual([{ durable: true, checkpoint: expect.anything() }]);
    expect(committed).toBe(false);
    stored.open();
    expect(await started.ended).toMatchObject({ kind: 'completed' });
  });

  it('comes after a save under way and drops an older offer', async () => {
    const slow = gate();
    const started = start(
      countJob(
        async ctx => {
          await ctx.checkpoint({ n: 1 });
          started.clock.advance(10);
          await ctx.checkpoint({ n: 2 });
          await ctx.commit({ n: 3 });
        },
        { every: 0 },
      ),
    );
    started.host.answer = () => slow.opened;
    await settle();
    slow.open();
    await started.ended;
    expect(started.host.states).toEqual([{ n: 1 }, { n: 3 }]);
  });

  it('rejects with what the host says', async () => {
    const started = start(countJob(ctx => ctx.commit({ n: 1 })));
    started.host.answer = async () => {
      throw new SlackwaterError('unavailable', 'Redis is away');
    };
    expect(await started.ended).toMatchObject({ kind: 'failed', error: { message: 'Redis is away' } });
  });
});
