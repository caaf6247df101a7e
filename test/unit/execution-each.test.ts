import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from 'slackwater';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JobDefinition } from '../../src/author/job.js';
import type { RunEnd } from '../../src/model/run.js';
import { gate, goOn, plain, type Started, settle, start, stateOf, summing } from './execution-harness.js';

/** What was done, in order, over all starts. */
let done: string[] = [];
beforeEach(() => {
  done = [];
});

/** Drains the run whenever `done` has grown by one, again and again until it completes. */
async function interruptAlways(job: JobDefinition): Promise<{ end: RunEnd; starts: number }> {
  let started = start(job, {}, { draining: true });
  for (let starts = 1; ; starts++) {
    const end = await started.ended;
    if (end.kind !== 'yielded') return { end, starts };
    if (starts > 100) throw new Error(`no end: ${done}`);
    started = goOn(job, started, end);
    drainAfterOne(started);
  }
}

function drainAfterOne(started: Started): void {
  const had = done.length;
  done = new Proxy(done, {
    set(target, key, value) {
      if (key === String(had)) started.drain(true);
      return Reflect.set(target, key, value);
    },
  });
}

describe('ctx.each', () => {
  const rows = ['a', 'b', 'c', 'd'];
  async function* stream() {
    for (const row of rows) {
      await turn();
      yield row;
    }
  }
  const pages = async (cursor?: { from: number }) => {
    const from = cursor?.from ?? 0;
    return { items: rows.slice(from, from + 2), next: from + 2 < rows.length ? { from: from + 2 } : null };
  };

  const pagesOfOne = async (at = 0) => (at < 4 ? { items: [rows[at]], next: at + 1 } : { items: [] });

  it.each<[string, () => unknown]>([
    ['an array', () => rows],
    ['an iterable', () => new Set(rows)],
    ['an async iterable', () => stream()],
    ['pages', () => pages],
    ['pages, the last of them empty', () => pagesOfOne],
  ])('goes through %s once, wherever it is interrupted', async (_, items) => {
    const job = plain(ctx => ctx.each(items() as string[], (row, index) => done.push(`${index}${row}`)));
    const { end, starts } = await interruptAlways(job);
    expect(end.kind).toBe('completed');
    expect(done).toEqual(['0a', '1b', '2c', '3d']);
    expect(starts).toBeGreaterThan(3);
  });

  it('does not ask again for pages that are behind it', async () => {
    const asked: unknown[] = [];
    const job = plain(ctx =>
      ctx.each(
        cursor => {
          asked.push(cursor ?? 'first');
          return pages(cursor);
        },
        row => {
          done.push(row as string);
          if (done.length === 3) started.drain(true);
        },
      ),
    );
    const started = start(job);
    const end = await started.ended;
    await goOn(job, started, end).ended;
    expect(done).toEqual(rows);
    expect(asked).toEqual(['first', { from: 2 }, { from: 2 }]);
  });

  it('repeats an item whose fn did not finish', async () => {
    let fail = true;
    const job = plain(ctx =>
      ctx.each(rows, row => {
        started.clock.advance(1_000);
        if (row === 'c' && fail) throw new Error('boom');
        done.push(row);
      }),
    );
    let started = start(job);
    expect((await started.ended).kind).toBe('failed');
    fail = false;
    started = start(job, { checkpoint: started.host.saves.at(-1)!.checkpoint });
    await started.ended;
    expect(done).toEqual(['a', 'b', 'c', 'd']);
  });

  it('saves the state that checkpoint is given in fn together with the moved cursor', async () => {
    const job = summing(async ctx => {
      const state = ctx.state ?? { sum: 0 };
      await ctx.each([1, 2, 3, 4], async n => {
        done.push(`${n}`);
        state.sum += n;
        await ctx.checkpoint(state);
        // Whoever stopped here would count this item twice.
        await turn();
      });
      return state.sum;
    });
    const { end } = await interruptAlways(job);
    expect(end).toEqual({ kind: 'completed', result: 10 });
    expect(done).toEqual(['1', '2', '3', '4']);
  });

  it('never saves a state without the cursor that belongs to it, nor the other way round', async () => {
    const job = summing(async ctx => {
      const state = { sum: 0 };
      await ctx.each(Array(50).fill(1), async () => {
        state.sum++;
        await ctx.checkpoint(state);
        started.clock.advance(2);
      });
    });
    const started = start(job);
    await started.ended;
    expect(started.host.saves.length).toBeGreaterThan(0);
    for (const { checkpoint } of started.host.saves) {
      expect(checkpoint.cursors).toContain(`"at":${(stateOf(checkpoint) as { sum: number }).sum}`);
    }
  });

  it('takes the state as an option, too', async () => {
    const job = summing(async ctx => {
      const state = ctx.state ?? { sum: 0 };
      const add = (n: number) => {
        state.sum += n;
        done.push(`${n}`);
      };
      await ctx.each([1, 2, 3], add, { state });
      return state.sum;
    });
    expect((await interruptAlways(job)).end).toEqual({ kind: 'completed', result: 6 });
  });

  it('saves a commit in fn at once', async () => {
    const job = summing(ctx => ctx.each([1], () => ctx.commit({ sum: 7 })));
    const started = start(job);
    await started.ended;
    expect(started.host.saves[0]).toMatchObject({ durable: true });
    expect(started.host.states[0]).toEqual({ sum: 7 });
  });

  it('keeps inner cursors while the outer item is under way, and drops them when it is finished', async () => {
    const job = plain(ctx =>
      ctx.each(
        ['x', 'y'],
        async outer => {
          await ctx.each([1, 2, 3], inner => done.push(outer + inner), { key: 'inner' });
        },
        { key: 'outer' },
      ),
    );
    const { end } = await interruptAlways(job);
    expect(end.kind).toBe('completed');
    expect(done).toEqual(['x1', 'x2', 'x3', 'y1', 'y2', 'y3']);
  });

  it('skips one that is finished when a later one is interrupted', async () => {
    const job = plain(async ctx => {
      await ctx.each(['a', 'b'], item => done.push(item), { key: 'first' });
      await ctx.each(['c', 'd'], item => done.push(item), { key: 'second' });
      await ctx.each([], item => done.push(item), { key: 'empty' });
    });
    expect((await interruptAlways(job)).end.kind).toBe('completed');
    expect(done).toEqual(['a', 'b', 'c', 'd']);
  });

  it('runs several at once, each with its own cursor, and waits for their items before it yields', async () => {
    const job = plain(async ctx => {
      await Promise.all(
        ['p', 'q'].map(key =>
          ctx.each(
            [1, 2, 3],
            async n => {
              for (let i = 0; i < (key === 'q' ? 20 : 1); i++) await turn();
              done.push(key + n);
            },
            { key },
          ),
        ),
      );
    });
    expect((await interruptAlways(job)).end.kind).toBe('completed');
    expect([...done].sort()).toEqual(['p1', 'p2', 'p3', 'q1', 'q2', 'q3']);
  });

  it('refuses two at once with one key, and a second one after the first', async () => {
    const atOnce = plain(ctx => Promise.all([ctx.each([1], () => turn()), ctx.each([1], () => turn())]));
    expect(await start(atOnce).ended).toMatchObject({
      error: {
        message: expect.stringContaining('ctx.each with the key "items" is under way: give this one a key'),
      },
    });
    const after = plain(async ctx => {
      await ctx.each([1], () => 1);
      await ctx.each([2], () => 1);
    });
    expect(await start(after).ended).toMatchObject({
      error: { message: expect.stringContaining('"items" has already finished in this run') },
    });
  });

  it('goes on after the last finished item by its key, wherever that is now', async () => {
    let list = ['a', 'b', 'c'];
    const job = plain(ctx =>
      ctx.each(
        list,
        item => {
          done.push(item);
          if (item === 'b') started.drain(true);
        },
        { key: item => item },
      ),
    );
    const started = start(job);
    const end = await started.ended;
    list = ['new', 'a', 'b', 'c', 'd'];
    expect((await goOn(job, started, end).ended).kind).toBe('completed');
    expect(done).toEqual(['a', 'b', 'c', 'd']);
    list = ['c', 'd'];
    expect(await goOn(job, started, end).ended).toMatchObject({
      kind: 'failed',
      error: {
        message: expect.stringContaining('after the item with the key "b", which is not among the items'),
      },
    });
  });

  it.each([
    ['text', ctx => ctx.each('abc', () => 1)],
    ['nothing', ctx => ctx.each(undefined as never, () => 1)],
    ['no function', ctx => ctx.each([1], 1 as never)],
    ['an empty key', ctx => ctx.each([1], () => 1, { key: '' })],
    ['a key that would be lost', ctx => ctx.each([1], () => 1, { key: '__proto__' })],
  ] as [string, (ctx: Context) => unknown][])('refuses %s', async (_, call) => {
    expect(await start(plain(call as never)).ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('ctx.each: ') },
    });
  });

  it('fails an item that catches a yield, and does not move past it', async () => {
    const job = plain(async ctx => {
      await ctx.each(['x'], () =>
        ctx.each([1, 2], () => started.drain(true), { key: 'inner' }).catch(() => {}),
      );
    });
    const started = start(job);
    expect(await started.ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('caught the yield and went on') },
    });
    expect(started.host.saves.at(-1)!.checkpoint.cursors).not.toContain('done');
  });

  it('closes the iterator when the run stops', async () => {
    async function* closing() {
      try {
        yield 1;
        yield 2;
      } finally {
        done.push('closed');
      }
    }
    const started = start(plain(ctx => ctx.each(closing(), () => started.drain(true))));
    expect((await started.ended).kind).toBe('yielded');
    expect(done).toEqual(['closed']);
  });

  it('stops at the next item when the run is aborted, or has failed beside it', async () => {
    const cancelled = start(
      plain(ctx =>
        ctx.each([1, 2, 3], async n => {
          done.push(`${n}`);
          cancelled.abort('cancelled');
        }),
      ),
    );
    expect(await cancelled.ended).toEqual({ kind: 'cancelled' });
    expect(done).toEqual(['1']);

    const { opened, open } = gate();
    const failed = start(
      plain(ctx =>
        Promise.all([
          ctx.each([1, 2], async () => {
            await opened;
            done.push('after');
          }),
          Promise.reject(new Error('boom')),
        ]),
      ),
    );
    expect((await failed.ended).kind).toBe('failed');
    open();
    await settle();
    expect(done).toEqual(['1', 'after']);
    expect(failed.host.saves).toEqual([]);
  });
});
