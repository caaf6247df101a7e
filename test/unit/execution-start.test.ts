import { defineJob } from 'slackwater';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { countJob, start } from './execution-harness.js';

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
    const boom = countJob(() => {
      throw new TypeError('boom');
    });
    const end = await start(boom).ended;
    expect(end).toMatchObject({ kind: 'failed', retry: true, error: { name: 'TypeError', message: 'boom' } });
    expect((end as { error: { stack: string } }).error.stack).toContain('execution-start.test.ts');
  });

  it('does not try again what the author calls unrecoverable', async () => {
    const hopeless = countJob(() => {
      throw Object.assign(new Error('no'), { name: 'UnrecoverableError' });
    });
    expect(await start(hopeless).ended).toMatchObject({ kind: 'failed', retry: false });
  });

  it.each([
    ['nothing', undefined, null],
    ['a date', { at: new Date(0), gone: undefined }, { at: '1970-01-01T00:00:00.000Z' }],
  ])('keeps %s as a result', async (_, result, kept) => {
    expect(await start(countJob(() => result)).ended).toEqual({ kind: 'completed', result: kept });
  });

  it.each([
    ['a BigInt', { total: 1n }, '"total" is a BigInt'],
    ['a Map', { byDay: new Map() }, '"byDay" is a Map'],
    ['a function', () => 1, 'it is a function'],
    ['NaN', [Number.NaN], '"0" is NaN'],
  ])('refuses %s as a result', async (_, result, message) => {
    expect(await start(countJob(() => result)).ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining(message) },
    });
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
      countJob(async ctx => {
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
      countJob(ctx => {
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
    const started = start(countJob(({ progress, checkpoint }) => [progress(1), checkpoint({ n: 1 })].at(-1)));
    expect((await started.ended).kind).toBe('completed');
  });
});
