import { setImmediate as turn } from 'node:timers/promises';
import { defineJob, SlackwaterError } from 'slackwater';
import { describe, expect, it } from 'vitest';
import { countJob, finalState, gate, goOn, settle, start } from './execution-harness.js';

describe('a drain', () => {
  it('ends the run at its next checkpoint, with that state, after its finally blocks', async () => {
    const told: string[] = [];
    const counting = countJob(async ctx => {
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
      countJob(ctx => ctx.checkpoint({ n: 1 })),
      {},
      { draining: true },
    );
    expect((await started.ended).kind).toBe('yielded');
  });

  it('waits for a save under way', async () => {
    const slow = gate();
    const started = start(
      countJob(async ctx => {
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
      countJob(async ctx => {
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
      countJob(ctx => ctx.commit({ n: 1 })),
      {},
      { draining: true },
    );
    expect((await started.ended).kind).toBe('yielded');
    expect(started.host.states).toEqual([{ n: 1 }]);
  });

  it('is told to onDrain once, at once where it has begun', async () => {
    const calls: string[] = [];
    const started = start(
      countJob(async ctx => {
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
      countJob(async ctx => {
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
    const swallowing = countJob(async ctx => {
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
    const retrying = countJob(async ctx => {
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
    const looping = countJob(async ctx => {
      for (let n = 0; n < 3; n++) await ctx.checkpoint({ n }).catch(error => thrown.push(error));
      throw thrown[0];
    });
    expect((await start(looping, {}, draining).ended).kind).toBe('failed');
    expect(thrown).toEqual(Array(3).fill(expect.objectContaining({ name: 'Yield' })));
    expect((thrown[0] as Error).message).toContain('do not catch it');
  });

  it('may be thrown again, wrapped or out of Promise.any', async () => {
    const wrapping = countJob(async ctx => {
      await ctx.checkpoint({ n: 1 }).catch(cause => {
        throw new Error('while counting', { cause });
      });
    });
    expect((await start(wrapping, {}, draining).ended).kind).toBe('yielded');
    const any = countJob(ctx => Promise.any([ctx.checkpoint({ n: 1 })]));
    expect((await start(any, {}, draining).ended).kind).toBe('yielded');
  });

  it('fails the run where a finally block throws something else, and saves the state first', async () => {
    const failing = countJob(async ctx => {
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
    const floating = countJob(async ctx => {
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
    countJob(async ctx => {
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
      countJob(async ctx => {
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
    const started = start(countJob(ctx => ctx.commit({ n: 1 })));
    started.host.answer = () => new Promise(() => {});
    await settle();
    started.abort('fenced');
    expect((await started.ended).kind).toBe('failed');
  });

  it('follows from a save that is refused because the run was taken over', async () => {
    const seen: { code?: string } = {};
    const started = start(
      countJob(async ctx => {
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
