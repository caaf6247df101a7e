import { beforeEach, describe, expect, it } from 'vitest';
import { goOn, plain, settle, start, summing } from './execution-harness.js';

/** What was done, in order, over all starts. */
let done: string[] = [];
beforeEach(() => {
  done = [];
});

describe('ctx.sleep', () => {
  it('waits', async () => {
    const started = start(plain(ctx => ctx.sleep('10m')));
    await settle();
    started.clock.advance(599_000);
    await settle();
    let over = false;
    void started.ended.then(() => {
      over = true;
    });
    await settle();
    expect(over).toBe(false);
    started.clock.advance(1_000);
    expect((await started.ended).kind).toBe('completed');
  });

  it('yields at once when a drain begins, and goes on for the rest afterwards', async () => {
    const job = plain(async ctx => {
      await ctx.sleep('10m');
      done.push('awake');
    });
    const started = start(job);
    await settle();
    started.clock.advance(6 * 60_000);
    started.drain(true);
    const again = goOn(job, started, await started.ended);
    await settle();
    again.clock.advance(3 * 60_000);
    await settle();
    expect(done).toEqual([]);
    again.clock.advance(60_000);
    expect((await again.ended).kind).toBe('completed');
    expect(done).toEqual(['awake']);
  });

  it('is over where its time came while the run was stopped', async () => {
    const job = plain(ctx => ctx.sleep('10m'));
    const started = start(job);
    await settle();
    started.drain(true);
    const end = await started.ended;
    started.clock.advance(3_600_000);
    expect((await goOn(job, started, end).ended).kind).toBe('completed');
  });

  it('is not slept again, and the next one is', async () => {
    const job = plain(async ctx => {
      await ctx.sleep('1h');
      await ctx.sleep('2h');
    });
    const started = start(job);
    await settle();
    started.clock.advance(3_600_000);
    await settle();
    started.clock.advance(60_000);
    started.drain(true);
    const again = goOn(job, started, await started.ended);
    await settle();
    again.clock.advance(2 * 3_600_000 - 60_000);
    expect((await again.ended).kind).toBe('completed');
  });

  it('is counted from the last checkpoint', async () => {
    const job = summing(async ctx => {
      const state = ctx.state ?? { sum: 0 };
      for (; state.sum < 3; ) {
        await ctx.sleep('1h');
        done.push(`${state.sum}`);
        state.sum++;
        await ctx.checkpoint(state);
      }
    });
    const started = start(job);
    for (let i = 0; i < 2; i++) {
      await settle();
      started.clock.advance(3_600_000);
    }
    await settle();
    started.clock.advance(1_800_000);
    started.drain(true);
    const again = goOn(job, started, await started.ended);
    await settle();
    expect(done).toEqual(['0', '1']);
    again.clock.advance(1_800_000);
    expect((await again.ended).kind).toBe('completed');
    expect(done).toEqual(['0', '1', '2']);
  });

  it('is waited out where it ends within a second, so that nothing before it is repeated', async () => {
    const job = summing(async ctx => {
      const state = ctx.state ?? { sum: 0 };
      while (state.sum < 3) {
        done.push(`${state.sum}`);
        await ctx.sleep('400ms');
        state.sum++;
        await ctx.checkpoint(state);
      }
    });
    const started = start(job);
    await settle();
    started.drain(true);
    await settle();
    started.clock.advance(400);
    const end = await started.ended;
    expect(end.kind).toBe('yielded');
    const again = goOn(job, started, end);
    for (let i = 0; i < 2; i++) {
      await settle();
      again.clock.advance(400);
    }
    expect((await again.ended).kind).toBe('completed');
    expect(done).toEqual(['0', '1', '2']);
  });

  it('does not let a poll of short naps hold up a drain', async () => {
    const started = start(
      plain(async ctx => {
        for (;;) await ctx.sleep('300ms');
      }),
    );
    await settle();
    started.drain(true);
    for (let i = 0; i < 4; i++) {
      await settle();
      started.clock.advance(300);
    }
    expect((await started.ended).kind).toBe('yielded');
  });

  it('ends when the run is aborted', async () => {
    const started = start(plain(ctx => ctx.sleep('1h')));
    await settle();
    started.abort('cancelled');
    expect(await started.ended).toEqual({ kind: 'cancelled' });
  });

  it('is saved with the state, so that a crash does not begin it anew', async () => {
    const job = plain(ctx => ctx.sleep('1h'));
    const started = start(job);
    await settle();
    const { checkpoint } = started.host.saves[0]!;
    started.clock.advance(1_800_000);
    const again = start(job, { checkpoint }, { clock: started.clock });
    await settle();
    again.clock.advance(1_800_000);
    expect((await again.ended).kind).toBe('completed');
  });

  it('refuses what is no duration', async () => {
    expect(await start(plain(ctx => ctx.sleep('soon'))).ended).toMatchObject({
      error: { message: expect.stringContaining('is not a duration') },
    });
  });

  it('within an item that changes an offered state saves what is whole', async () => {
    const job = summing(async ctx => {
      const state = ctx.state ?? { sum: 0 };
      await ctx.each([1, 2, 3], async n => {
        state.sum += n;
        if (n === 3) await ctx.sleep('1h');
        await ctx.checkpoint(state);
      });
      return state.sum;
    });
    const started = start(job);
    await settle();
    started.drain(true);
    const again = goOn(job, started, await started.ended);
    await settle();
    again.clock.advance(3_600_000);
    expect(await again.ended).toEqual({ kind: 'completed', result: 6 });
  });
});
