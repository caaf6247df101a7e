import { type Context, defineJob, SlackwaterError } from 'slackwater';
import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { encodeState } from '../../src/model/state-codec.js';
import { gate, goOn, plain, settle, start } from './execution-harness.js';

let done: string[] = [];
beforeEach(() => {
  done = [];
});

describe('ctx.step', () => {
  it('runs fn once in the life of the run, and gives its kept result afterwards', async () => {
    const job = plain(async ctx => {
      const made = await ctx.step('make', () => {
        done.push('make');
        return { at: new Date(0), rows: new Map([['a', 1n]]) };
      });
      return [made.at.toISOString(), [...made.rows.keys()]];
    });
    const first = start(job);
    const end = await first.ended;
    expect(end).toEqual({ kind: 'completed', result: ['1970-01-01T00:00:00.000Z', ['a']] });
    expect(await start(job, { steps: first.host.steps }).ended).toEqual(end);
    expect(done).toEqual(['make']);
  });

  it('is durable before its result is used', async () => {
    const stored = gate();
    const started = start(plain(async ctx => done.push(await ctx.step('a', () => 'kept'))));
    started.host.answer = () => stored.opened;
    await settle();
    expect(done).toEqual([]);
    stored.open();
    await started.ended;
    expect(done).toEqual(['kept']);
  });

  it('gives a kept result within one start, and keeps a step that returns nothing', async () => {
    const job = plain(async ctx => {
      for (let i = 0; i < 2; i++) await ctx.step('a', () => void done.push('a'));
    });
    expect((await start(job).ended).kind).toBe('completed');
    expect(done).toEqual(['a']);
  });

  it('keeps nothing of a step that throws', async () => {
    const job = plain(ctx =>
      ctx.step('a', () => {
        throw new Error('boom');
      }),
    );
    const started = start(job);
    expect(await started.ended).toMatchObject({ kind: 'failed', error: { message: 'boom' } });
    expect(started.host.steps).toEqual({});
  });

  it('yields before a new step of a run that is built of steps', async () => {
    const job = plain(async ctx => {
      await ctx.step('a', () => {
        done.push('a');
        started.drain(true);
      });
      await ctx.step('b', () => done.push('b'));
    });
    const started = start(job);
    const end = await started.ended;
    expect(end).toEqual({ kind: 'yielded', checkpoint: null });
    expect(done).toEqual(['a']);
    expect((await goOn(job, started, end).ended).kind).toBe('completed');
    expect(done).toEqual(['a', 'b']);
  });

  it('leaves the yield to the checkpoint where a state was offered, and to the cursor within an item', async () => {
    const job = defineJob({
      name: 'mixed',
      checkpoint: { version: 1, schema: z.object({ n: z.int() }) },
      async run(ctx) {
        await ctx.checkpoint({ n: 1 });
        started.drain(true);
        await ctx.step('a', () => done.push('a'));
        await ctx.checkpoint({ n: 2 });
      },
    });
    let started = start(job);
    expect((await started.ended).kind).toBe('yielded');
    const within = plain(ctx =>
      ctx.each([1], async () => {
        started.drain(true);
        await ctx.step('b', () => done.push('b'));
        done.push('item');
      }),
    );
    started = start(within);
    expect((await started.ended).kind).toBe('yielded');
    expect(done).toEqual(['a', 'b', 'item']);
  });

  it('finishes steps under way beside it before the run has yielded', async () => {
    const { opened, open } = gate();
    const job = plain(ctx =>
      Promise.all([
        ctx.step('slow', async () => {
          await opened;
          return 'kept';
        }),
        settle().then(() => ctx.sleep('1h')),
      ]),
    );
    const started = start(job);
    await settle();
    started.drain(true);
    await settle();
    expect(started.host.steps).toEqual({});
    open();
    expect((await started.ended).kind).toBe('yielded');
    expect(started.host.steps).toEqual({ 'step:slow': { value: encodeState('kept') } });
  });

  it.each([
    [
      'a result that cannot be kept',
      ctx => ctx.step('a', () => ({ fn() {} })),
      'the result of step "a" cannot be kept: fn (/fn)',
    ],
    [
      'a result that is too large',
      ctx => ctx.step('a', () => 'x'.repeat(2_000)),
      'the result of step "a" of job "walk" has 2,003 bytes',
    ],
    ['no name', ctx => ctx.step('', () => 1), 'needs a name'],
    ['no function', ctx => ctx.step('a', 1 as never), 'needs a function'],
    [
      'two at once of one name',
      ctx => Promise.all([ctx.step('a', settle), ctx.step('a', settle)]),
      'ctx.step "a" is under way',
    ],
  ] as [string, (ctx: Context) => unknown, string][])('refuses %s', async (_, call, message) => {
    expect(await start(plain(call as never), {}, { checkpointLimit: 1_000 }).ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining(message) },
    });
  });
});

describe('ctx.once', () => {
  const paying = (options?: { idempotent?: boolean }) =>
    plain(ctx =>
      ctx.once(
        'pay',
        () => {
          done.push('paid');
          return 'receipt';
        },
        options,
      ),
    );

  it('records the intent before the effect, and the result after it', async () => {
    const records: unknown[] = [];
    const job = plain(ctx => ctx.once('pay', () => records.push({ ...started.host.steps })));
    const started = start(job);
    await started.ended;
    expect(records).toEqual([{ 'once:pay': { intent: true } }]);
    expect(started.host.steps).toEqual({ 'once:pay': { value: encodeState(1) } });
  });

  it('does not begin before the intent is stored', async () => {
    const started = start(paying());
    started.host.answer = async () => {
      throw new SlackwaterError('unavailable', 'Redis is away');
    };
    expect(await started.ended).toMatchObject({ kind: 'failed', error: { message: 'Redis is away' } });
    expect(done).toEqual([]);
  });

  it('parks the run as outcome unknown where an earlier start got no further than the intent', async () => {
    expect(await start(paying(), { steps: { 'once:pay': { intent: true } } }).ended).toEqual({
      kind: 'parked',
      parked: {
        reason: expect.stringMatching(/^outcome unknown: once "pay"/),
        choices: ['retry', 'skip', 'cancel'],
      },
    });
    expect(done).toEqual([]);
  });

  it('parks it even where the author catches everything', async () => {
    const job = plain(async ctx => {
      await ctx.once('pay', () => done.push('paid')).catch(() => {});
      await ctx.step('next', () => done.push('next')).catch(() => {});
      return 'fine';
    });
    expect((await start(job, { steps: { 'once:pay': { intent: true } } }).ended).kind).toBe('parked');
    expect(done).toEqual([]);
  });

  it('runs again where it is idempotent', async () => {
    const started = start(paying({ idempotent: true }), { steps: { 'once:pay': { intent: true } } });
    expect(await started.ended).toEqual({ kind: 'completed', result: 'receipt' });
  });

  it('gives the kept result, also that of a person who chose to skip it', async () => {
    const kept = { 'once:pay': { value: encodeState(undefined) } };
    expect(await start(paying(), { steps: kept }).ended).toEqual({ kind: 'completed', result: null });
    expect(done).toEqual([]);
  });

  it('runs again after it threw: then nothing was done', async () => {
    let works = false;
    const job = plain(ctx =>
      ctx.once('pay', () => {
        if (!works) throw new Error('refused');
        return 'receipt';
      }),
    );
    const started = start(job);
    expect(await started.ended).toMatchObject({ kind: 'failed', error: { message: 'refused' } });
    works = true;
    expect((await start(job, { steps: started.host.steps }).ended).kind).toBe('completed');
  });

  it('stays unknown where it was cut short', async () => {
    const job = plain(ctx =>
      ctx.once(
        'pay',
        () =>
          new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('cut')))),
      ),
    );
    const started = start(job);
    await settle();
    started.abort('timeout');
    await started.ended;
    expect(started.host.steps).toEqual({ 'once:pay': { intent: true } });
  });

  it('keeps the result of an effect that came through although the run was cancelled', async () => {
    const { opened, open } = gate();
    const started = start(plain(ctx => ctx.once('pay', () => opened)));
    await settle();
    started.abort('cancelled');
    open();
    expect(await started.ended).toEqual({ kind: 'cancelled' });
    expect(started.host.steps['once:pay']).toEqual({ value: encodeState(undefined) });
  });
});

describe('ctx.enqueue', () => {
  const child = defineJob({ name: 'child', payload: z.object({ day: z.string() }), run: () => null });

  it('starts another run once, also while draining, and gives its ID', async () => {
    const job = plain(async ctx => [
      await ctx.enqueue(child, { day: 'mon' }, { priority: 3, delay: '5m' }),
      await ctx.enqueue(child, { day: 'tue' }),
      await ctx.enqueue(child, { day: 'mon' }),
      await ctx.enqueue(child, { day: 'mon' }, { key: 'again' }),
      await ctx.enqueue('other', { day: 'mon' }),
    ]);
    const started = start(job, {}, { draining: true });
    const { result } = (await started.ended) as { result: string[] };
    expect(started.host.enqueued).toEqual([
      { id: result[0], job: 'child', payload: '{"day":"mon"}', options: { priority: 3, delayMs: 300_000 } },
      { id: result[1], job: 'child', payload: '{"day":"tue"}', options: {} },
      { id: result[3], job: 'child', payload: '{"day":"mon"}', options: {} },
      { id: result[4], job: 'other', payload: '{"day":"mon"}', options: {} },
    ]);
    expect(result[2]).toBe(result[0]);
    for (const id of result) expect(id).toMatch(/^run-[0-9a-f]{24}$/);

    const again = start(job, { steps: started.host.steps });
    expect(await again.ended).toEqual({ kind: 'completed', result });
    expect(again.host.enqueued).toEqual([]);
  });

  it('asks for the same ID where a crash lost the record, and for another in another run', async () => {
    const job = plain(ctx => ctx.enqueue(child, { day: 'mon' }));
    const [first, same, other] = await Promise.all([
      start(job).ended,
      start(job, { fence: 2 }).ended,
      start(job, { runId: 'run-2' }).ended,
    ]);
    expect(same).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('takes equal payloads for equal whatever the order of their fields', async () => {
    const job = plain(
      async ctx => (await ctx.enqueue('j', { a: 1, b: 2 })) === (await ctx.enqueue('j', { b: 2, a: 1 })),
    );
    expect(await start(job).ended).toEqual({ kind: 'completed', result: true });
  });

  it.each([
    [
      'a payload that does not fit',
      ctx => ctx.enqueue(child, { day: 1 } as never),
      'does not fit job "child": /day: ',
    ],
    ['no job', ctx => ctx.enqueue(undefined as never, {}), 'takes a job made by defineJob'],
    ['a priority out of range', ctx => ctx.enqueue('a', {}, { priority: -1 }), 'priority must be'],
  ] as [string, (ctx: Context) => unknown, string][])('refuses %s', async (_, call, message) => {
    expect(await start(plain(call as never)).ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining(message) },
    });
  });
});
