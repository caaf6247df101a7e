import { setImmediate as turn } from 'node:timers/promises';
import { defineJob, SlackwaterError } from 'slackwater';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { systemClock } from '../../src/platform/clock.js';
import { finalState, gate, goOn, settle, start } from './execution-harness.js';

const counter = z.object({ n: z.int() });
const job = (run: (ctx: CtxOf) => unknown, more: object = {}) =>
  defineJob({ name: 'count', checkpoint: { version: 1, schema: counter, ...more }, run });
type CtxOf = import('slackwater').Context<unknown, { n: number }>;

describe('a start', () => {
  it('gives the run what belongs to it, and the host a sign of life', async () => {
    let seen: unknown;
    const started = start(
      defineJob({
        name: 'a',
        payload: z.object({ file: z.string(), limit: z.int().default(5) }),
        run: (ctx, payload) => {
          const { runId, job, attempt, release, scheduledFor, fence, state, draining } = ctx;
          seen = { runId, job, attempt, release, scheduledFor, fence, state, draining };
          return payload;
        },
      }),
      { payload: { file: 'x' }, attempt: 3, fence: 7, scheduledFor: '2025-01-01T02:30:00.000Z' },
    );
    expect(await started.ended).toEqual({ kind: 'completed', result: { file: 'x', limit: 5 } });
    expect(seen).toEqual({
      runId: 'run-1',
      job: 'a',
      attempt: 3,
      release: 'abc',
      scheduledFor: '2025-01-01T02:30:00.000Z',
      fence: 7,
      state: undefined,
      draining: false,
    });
    expect(started.host.told).toEqual(['started', 'advanced']);
  });

  it('refuses a payload for good, with pointers', async () => {
    const run = vi.fn();
    const started = start(defineJob({ name: 'a', payload: z.object({ rows: z.array(z.int()) }), run }), {
      payload: { rows: [1, 'x'] },
    });
    expect(await started.ended).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { message: expect.stringMatching(/does not fit job "a": \/rows\/1: /) },
    });
    expect(run).not.toHaveBeenCalled();
    expect(started.host.told).toEqual([]);
  });

  it('fails with what the author threw, to be tried again', async () => {
    const boom = job(() => {
      throw new TypeError('boom');
    });
    const end = await start(boom).ended;
    expect(end).toMatchObject({ kind: 'failed', retry: true, error: { name: 'TypeError', message: 'boom' } });
    expect((end as { error: { stack: string } }).error.stack).toContain('execution-checkpoint.test.ts');
  });

  it('does not try again what the author calls unrecoverable', async () => {
    const hopeless = job(() => {
      throw Object.assign(new Error('no'), { name: 'UnrecoverableError' });
    });
    expect(await start(hopeless).ended).toMatchObject({ kind: 'failed', retry: false });
  });

  it.each([
    ['nothing', undefined, null],
    ['a date', { at: new Date(0), gone: undefined }, { at: '1970-01-01T00:00:00.000Z' }],
  ])('keeps %s as a result', async (_, result, kept) => {
    expect(await start(job(() => result)).ended).toEqual({ kind: 'completed', result: kept });
  });

  it.each([
    ['a BigInt', { total: 1n }, '"total" is a BigInt'],
    ['a Map', { byDay: new Map() }, '"byDay" is a Map'],
    ['a function', () => 1, 'it is a function'],
    ['NaN', [Number.NaN], '"0" is NaN'],
  ])('refuses %s as a result', async (_, result, message) => {
    expect(await start(job(() => result)).ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining(message) },
    });
  });
});

describe('ctx.checkpoint', () => {
  it('saves the state as it was at the call, and is done without waiting for it', async () => {
    const { opened, open } = gate();
    const started = start(
      job(async ctx => {
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
      job(async ctx => {
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
      job(
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

  it('has one save under way at a time; the newest offer wins', async () => {
    const slow = gate();
    const done = gate();
    const started = start(
      job(
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
      job(async ctx => {
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
    const end = await start(job(ctx => ctx.checkpoint(state as never))).ended;
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
      job(async ctx => {
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
      job(async ctx => {
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
      job(async ctx => {
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
      job(
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
    const started = start(job(ctx => ctx.commit({ n: 1 })));
    started.host.answer = async () => {
      throw new SlackwaterError('unavailable', 'Redis is away');
    };
    expect(await started.ended).toMatchObject({ kind: 'failed', error: { message: 'Redis is away' } });
  });
});

describe('a drain', () => {
  it('ends the run at its next checkpoint, with that state, after its finally blocks', async () => {
    const told: string[] = [];
    const counting = job(async ctx => {
      try {
        for (let n = (ctx.state?.n ?? 0) + 1; n <= 5; n++) {
          told.push(`${n}`);
          if (n === 3) started.drain(true);
          await ctx.checkpoint({ n });
        }
      } finally {
        await turn();
        told.push('finally');
      }
      return 'done';
    });
    const started = start(counting);
    const end = await started.ended;
    expect(end).toMatchObject({ kind: 'yielded', checkpoint: { version: 1 } });
    // The last state goes with the end; it is not sent twice.
    expect(started.host.states).toEqual([{ n: 1 }]);
    const again = goOn(counting, started, end);
    expect(await again.ended).toEqual({ kind: 'completed', result: 'done' });
    expect(told).toEqual(['1', '2', '3', 'finally', '4', '5', 'finally']);
  });

  it('yields at the first checkpoint of a run that starts into it', async () => {
    const started = start(
      job(ctx => ctx.checkpoint({ n: 1 })),
      {},
      { draining: true },
    );
    expect((await started.ended).kind).toBe('yielded');
  });

  it('waits for a save under way', async () => {
    const slow = gate();
    const started = start(
      job(async ctx => {
        await ctx.checkpoint({ n: 1 });
        started.drain(true);
        await ctx.checkpoint({ n: 2 });
      }),
    );
    started.host.answer = () => slow.opened;
    let over = false;
    void started.ended.then(() => {
      over = true;
    });
    await settle();
    expect(over).toBe(false);
    slow.open();
    expect(finalState(await started.ended)).toEqual({ n: 2 });
  });

  it('lets the run go on where it was called off', async () => {
    const started = start(
      job(async ctx => {
        started.drain(true);
        started.drain(false);
        await ctx.checkpoint({ n: 1 });
        return ctx.draining;
      }),
    );
    expect(await started.ended).toEqual({ kind: 'completed', result: false });
  });

  it('yields after a commit', async () => {
    const started = start(
      job(ctx => ctx.commit({ n: 1 })),
      {},
      { draining: true },
    );
    expect((await started.ended).kind).toBe('yielded');
    expect(started.host.states).toEqual([{ n: 1 }]);
  });

  it('is told to onDrain once, at once where it has begun', async () => {
    const calls: string[] = [];
    const started = start(
      job(async ctx => {
        ctx.onDrain(() => calls.push('first'));
        await settle();
        ctx.onDrain(() => calls.push('late'));
        return ctx.draining;
      }),
    );
    await turn();
    started.drain(true);
    started.drain(false);
    started.drain(true);
    expect(await started.ended).toEqual({ kind: 'completed', result: true });
    expect(calls).toEqual(['first', 'late']);
  });

  it('survives an onDrain that throws', async () => {
    const started = start(
      job(async ctx => {
        ctx.onDrain(() => {
          throw new Error('mine');
        });
        return 1;
      }),
      {},
      { draining: true },
    );
    expect(await started.ended).toMatchObject({ kind: 'completed' });
    expect(started.host.lines[0]?.msg).toContain('onDrain');
  });
});

describe('a caught yield', () => {
  const draining = { draining: true };

  it('fails the run that returns after it, and says so', async () => {
    const swallowing = job(async ctx => {
      try {
        await ctx.checkpoint({ n: 1 });
      } catch {
        return 'fine';
      }
    });
    const started = start(swallowing, {}, draining);
    expect(await started.ended).toMatchObject({
      kind: 'failed',
      retry: true,
      error: { message: expect.stringContaining('job "count" caught the yield and returned') },
    });
    // What the author offered is not lost.
    expect(started.host.states).toEqual([{ n: 1 }]);
  });

  it('fails the run that goes on, even where a later yield comes out', async () => {
    const retrying = job(async ctx => {
      await ctx.checkpoint({ n: 1 }).catch(() => {});
      await ctx.checkpoint({ n: 2 });
    });
    expect(await start(retrying, {}, draining).ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('caught the yield and went on') },
    });
  });

  it('is thrown again to each further call, and tells the author what it is', async () => {
    const thrown: unknown[] = [];
    const looping = job(async ctx => {
      for (let n = 0; n < 3; n++) await ctx.checkpoint({ n }).catch(error => thrown.push(error));
      throw thrown[0];
    });
    expect((await start(looping, {}, draining).ended).kind).toBe('failed');
    expect(thrown).toEqual(Array(3).fill(expect.objectContaining({ name: 'Yield' })));
    expect((thrown[0] as Error).message).toContain('do not catch it');
  });

  it('may be thrown again, wrapped or out of Promise.any', async () => {
    const wrapping = job(async ctx => {
      await ctx.checkpoint({ n: 1 }).catch(cause => {
        throw new Error('while counting', { cause });
      });
    });
    expect((await start(wrapping, {}, draining).ended).kind).toBe('yielded');
    const any = job(ctx => Promise.any([ctx.checkpoint({ n: 1 })]));
    expect((await start(any, {}, draining).ended).kind).toBe('yielded');
  });

  it('fails the run where a finally block throws something else, and saves the state first', async () => {
    const failing = job(async ctx => {
      try {
        await ctx.checkpoint({ n: 4 });
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what the case is about.
        throw new Error('cannot close');
      }
    });
    const started = start(failing, {}, draining);
    expect(await started.ended).toMatchObject({ kind: 'failed', error: { message: 'cannot close' } });
    expect(started.host.states).toEqual([{ n: 4 }]);
  });

  it('does no harm to the process where nobody awaits it', async () => {
    const floating = job(async ctx => {
      void ctx.checkpoint({ n: 1 });
      await settle();
      return 1;
    });
    expect(await start(floating, {}, draining).ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('await every call') },
    });
  });
});

describe('an abort', () => {
  const waiting = (seen: { reason?: unknown }) =>
    job(async ctx => {
      await ctx.commit({ n: 1 });
      await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));
      seen.reason = ctx.signal.reason;
    });

  it.each([
    ['cancelled', { kind: 'cancelled' }],
    [
      'timeout',
      { kind: 'failed', retry: true, error: { name: 'TimeoutError', message: /^timed out after/ } },
    ],
    ['forced', { kind: 'failed' }],
    ['fenced', { kind: 'failed' }],
  ] as const)('for %s ends the run', async (reason, expected) => {
    const started = start(waiting({}));
    await settle();
    started.abort(reason);
    const end = await started.ended;
    expect(end.kind).toBe(expected.kind);
    if ('error' in expected && end.kind === 'failed') {
      expect(end.error.name).toBe(expected.error.name);
      expect(end.error.message).toMatch(expected.error.message);
      expect(end.retry).toBe(true);
    }
  });

  it('gives the signal a reason with a code, and throws it from every call', async () => {
    const errors: unknown[] = [];
    const started = start(
      job(async ctx => {
        await settle();
        errors.push(ctx.signal.reason);
        for (const call of [
          () => ctx.checkpoint({ n: 1 }),
          () => ctx.commit({ n: 1 }),
          () => ctx.sleep(1),
          () => ctx.step('s', () => 1),
          () => ctx.each([1], () => 1),
          () => ctx.enqueue('a', {}),
        ])
          await call().catch(error => errors.push(error));
        return 'too late';
      }),
    );
    started.abort('cancelled');
    expect(await started.ended).toEqual({ kind: 'cancelled' });
    expect(errors).toEqual(Array(7).fill(expect.objectContaining({ code: 'cancelled', name: 'AbortError' })));
  });

  it('names the time limit', async () => {
    const limited = defineJob({
      name: 'limited',
      timeout: '2h',
      run: ctx =>
        new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('stop')))),
    });
    const started = start(limited);
    await settle();
    started.abort('timeout');
    expect(await started.ended).toMatchObject({
      error: { message: expect.stringContaining('timed out after 2h') },
    });
  });

  it('frees a run that waits for a host that does not answer', async () => {
    const started = start(job(ctx => ctx.commit({ n: 1 })));
    started.host.answer = () => new Promise(() => {});
    await settle();
    started.abort('fenced');
    expect((await started.ended).kind).toBe('failed');
  });

  it('follows from a save that is refused because the run was taken over', async () => {
    const seen: { code?: string } = {};
    const started = start(
      job(async ctx => {
        ctx.signal.addEventListener('abort', () => {
          seen.code = ctx.signal.reason.code;
        });
        await ctx.checkpoint({ n: 1 });
        await settle();
        await ctx.checkpoint({ n: 2 });
      }),
    );
    started.host.answer = async () => {
      throw new SlackwaterError('conflict', 'taken over');
    };
    expect((await started.ended).kind).toBe('failed');
    expect(seen.code).toBe('fenced');
  });
});

describe('a saved state', () => {
  const upgraded = defineJob({
    name: 'count',
    checkpoint: {
      version: 3,
      schema: z.object({ line: z.int(), seen: z.map(z.string(), z.date()).default(new Map()) }),
      upgrade: { 1: old => ({ offset: old.at }), 2: old => ({ line: old.offset }) },
    },
    run: async ctx => {
      state = ctx.state;
    },
  });
  let state: unknown;

  it('is brought up step by step and validated', async () => {
    const { ended } = start(upgraded, { checkpoint: { state: '[{"at":1},7]', version: 1, cursors: null } });
    expect(await ended).toMatchObject({ kind: 'completed' });
    expect(state).toEqual({ line: 7, seen: new Map() });
  });

  it.each([
    [
      'of a later version',
      { state: '[{}]', version: 4, cursors: null },
      'was saved by version 4, this code reads 1–3',
    ],
    [
      'that does not fit',
      { state: '[{"line":1},"x"]', version: 3, cursors: null },
      'saved by version 3, wanted version 3: /line: ',
    ],
    [
      'that its upgrade cannot take',
      { state: '-1', version: 2, cursors: null },
      'upgrade from version 2 to 3 failed',
    ],
    ['that is damaged', { state: '!', version: 3, cursors: null }, 'damaged'],
    ['with damaged cursors', { state: null, version: null, cursors: '!' }, 'damaged'],
  ])('%s parks the run, with choices', async (_, checkpoint, reason) => {
    expect(await start(upgraded, { checkpoint }).ended).toEqual({
      kind: 'parked',
      parked: { reason: expect.stringContaining(reason), choices: ['retry', 'restart', 'cancel'] },
    });
  });
});

describe('progress and log', () => {
  it('sends progress four times a second, and always the last', async () => {
    const started = start(
      job(async ctx => {
        for (let n = 1; n <= 10; n++) {
          ctx.progress(n, 10, `row ${n}`);
          started.clock.advance(100);
        }
        ctx.progress(11);
      }),
    );
    await started.ended;
    expect(started.host.reported.map(({ done }) => done)).toEqual([1, 3, 5, 8, 10, 11]);
    expect(started.host.reported.at(-1)).toEqual({ done: 11, total: null, note: null });
  });

  it('writes log lines that name the run', async () => {
    const started = start(
      job(ctx => {
        ctx.log.info({ rows: 3 }, 'read');
        ctx.log.debug('not kept');
      }),
      { attempt: 2 },
    );
    await started.ended;
    expect(started.host.lines).toEqual([
      { level: 30, time: Date.UTC(2025, 0, 1), run: 'run-1', job: 'count', attempt: 2, rows: 3, msg: 'read' },
    ]);
  });

  it('lets methods be taken off ctx', async () => {
    const started = start(job(({ progress, checkpoint }) => [progress(1), checkpoint({ n: 1 })].at(-1)));
    expect((await started.ended).kind).toBe('completed');
  });
});
