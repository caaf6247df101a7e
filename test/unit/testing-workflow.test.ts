import { defineJob, defineWorkflow } from 'slackwater';
import { runWorkflow, type TestStep } from 'slackwater/testing';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const numbers = defineJob({
  name: 'numbers',
  payload: z.object({ upTo: z.int() }),
  run: (_ctx, { upTo }) => Array.from({ length: upTo }, (_, i) => i + 1),
});
const square = defineJob({
  name: 'square',
  payload: z.object({ n: z.int() }),
  checkpoint: { version: 1, schema: z.object({ seen: z.boolean() }) },
  async run(ctx, { n }) {
    await ctx.checkpoint({ seen: true });
    if (n === 13) throw new RangeError('13 brings bad luck');
    return n * n;
  },
});
const sum = defineJob({
  name: 'sum',
  payload: z.array(z.int()),
  run: (_ctx, all) => ({ sum: all.reduce((total, n) => total + n, 0) }),
});
const nothing = defineJob({ name: 'nothing', run: () => {} });

const squares = defineWorkflow({ name: 'squares', payload: z.object({ upTo: z.int().default(3) }) })
  .step('numbers', numbers)
  .step('square', square, { after: ['numbers'], each: ({ results }) => results.numbers.map(n => ({ n })) })
  .step('sum', sum, { after: ['square'], payload: ({ results }) => results.square });

const statesOf = (steps: Record<string, TestStep>) =>
  Object.fromEntries(Object.entries(steps).map(([name, { state }]) => [name, state]));

/** The error, and the account that it carries. */
async function failureOf(run: Promise<unknown>): Promise<{ error: Error; steps: Record<string, TestStep> }> {
  const error = await run.then(
    () => Promise.reject(new Error('it did not fail')),
    (thrown: Error & { workflow?: { steps: Record<string, TestStep> } }) => thrown,
  );
  return { error, steps: error.workflow?.steps ?? {} };
}

describe('runWorkflow', () => {
  it('runs every step and gives the results of the last ones', async () => {
    const { result, steps } = await runWorkflow(squares, {});
    expect(result).toEqual({ sum: { sum: 14 } });
    expect(steps.square!.runs.map(({ payload, result }) => [payload, result])).toEqual([
      [{ n: 1 }, 1],
      [{ n: 2 }, 4],
      [{ n: 3 }, 9],
    ]);
    expect(steps.square!.runs[0]!.run).toMatchObject({ checkpoints: 1, state: { seen: true } });
  });

  it('counts the elements of a last step, and takes no element for done', async () => {
    const fan = defineWorkflow({ name: 'fan' }).step('all', square, { each: () => [{ n: 1 }, { n: 2 }] });
    expect((await runWorkflow(fan, null)).result).toEqual({ all: 2 });
    const none = defineWorkflow({ name: 'none' }).step('all', square, { each: () => [] });
    const { result, steps } = await runWorkflow(none, null);
    expect([result, steps.all!.state, steps.all!.result]).toEqual([{ all: 0 }, 'done', []]);
  });

  it('fails by the first failure, names step and element, and stops the rest', async () => {
    const { error, steps } = await failureOf(runWorkflow(squares, { upTo: 15 }));
    expect(error.message).toBe('workflow "squares", step "square", element 12 failed: 13 brings bad luck');
    expect([error.name, (error.cause as Error).name]).toEqual(['RangeError', 'RangeError']);
    expect(statesOf(steps)).toEqual({ numbers: 'done', square: 'failed', sum: 'stopped' });
    expect(steps.square!.runs.length).toBe(13);
  });

  it('goes on with undefined where a step may fail', async () => {
    const tolerant = defineWorkflow({ name: 'tolerant' })
      .step('square', square, { each: () => [{ n: 12 }, { n: 13 }, { n: 14 }], onFailure: 'continue' })
      .step('sum', sum, {
        after: ['square'],
        payload: ({ results }) => results.square.filter(n => n !== undefined),
      });
    const { result, steps } = await runWorkflow(tolerant, null);
    expect(result).toEqual({ sum: { sum: 340 } });
    expect(steps.square).toMatchObject({ state: 'failed', result: [144, undefined, 196] });
  });

  it('skips a step, and those that wait for skipped ones alone', async () => {
    const conditional = defineWorkflow({ name: 'conditional' })
      .step('always', nothing)
      .step('never', nothing, { when: () => false })
      .step('after-never', nothing, { after: ['never'] })
      .step('join', sum, {
        after: ['always', 'after-never'],
        payload: ({ results }) => [results['after-never'] === undefined ? 1 : 0],
      });
    const { result, steps } = await runWorkflow(conditional, null);
    expect(statesOf(steps)).toEqual({
      always: 'done',
      never: 'skipped',
      'after-never': 'skipped',
      join: 'done',
    });
    expect(result).toEqual({ join: { sum: 1 } });
  });

  it('tries as often as the step says', async () => {
    let tries = 0;
    const flaky = defineJob({
      name: 'flaky',
      attempts: 5,
      run: () => {
        tries++;
        if (tries < 3) throw new Error(`try ${tries}`);
        return tries;
      },
    });
    const define = (attempts: number) => defineWorkflow({ name: 'w' }).step('flaky', flaky, { attempts });
    await expect(runWorkflow(define(2), null)).rejects.toThrow('step "flaky" failed: try 2');
    tries = 0;
    expect((await runWorkflow(define(3), null)).result).toEqual({ flaky: 3 });
  });

  it('runs sub-workflows, which may fail', async () => {
    const outer = defineWorkflow({ name: 'outer' })
      .step('inner', squares, { each: () => [{ upTo: 2 }, { upTo: 3 }] })
      .step('count', sum, {
        after: ['inner'],
        payload: ({ results }) => results.inner.map(inner => inner.sum.sum),
      });
    expect((await runWorkflow(outer, null)).result).toEqual({ count: { sum: 19 } });
    const bad = defineWorkflow({ name: 'bad' }).step('inner', squares, { payload: () => ({ upTo: 13 }) });
    await expect(runWorkflow(bad, null)).rejects.toThrow(
      'workflow "bad", step "inner" failed: workflow "squares", step "inner/square", element 12 failed: 13 brings bad luck',
    );
  });

  it('refuses names that no step and no signal has', async () => {
    const outer = defineWorkflow({ name: 'outer' }).step('inner', squares, { payload: () => ({}) });
    await expect(runWorkflow(outer, null, { instead: { 'inner/sqare': () => 1 } })).rejects.toThrow(
      'instead: no step is called "inner/sqare": there are "inner", "inner/numbers", "inner/square", "inner/sum"',
    );
    await expect(runWorkflow(outer, null, { signals: { inner: 1 } })).rejects.toThrow(
      'signals: no signal is called "inner": there are none',
    );
  });

  it('lets something stand in for the runs of a step', async () => {
    const outer = defineWorkflow({ name: 'outer' }).step('inner', squares, { payload: () => ({}) });
    const { result } = await runWorkflow(outer, null, {
      instead: { 'inner/square': ({ n }: { n: number }, index) => n * 10 + index! },
    });
    expect(result).toEqual({ inner: { sum: { sum: 10 + 21 + 32 } } });
    const stopped = runWorkflow(
      squares,
      {},
      {
        instead: {
          numbers: () => {
            throw new Error('no numbers today');
          },
        },
      },
    );
    await expect(stopped).rejects.toThrow('step "numbers" failed: no numbers today');
  });

  describe('with signals and waits', () => {
    const gated = defineWorkflow({ name: 'gated' })
      .wait('night', { until: () => '2025-01-02T00:00:00Z' })
      .signal('approve', {
        after: ['night'],
        payload: z.object({ by: z.string() }),
        timeout: '1h',
        onTimeout: 'continue',
      })
      .wait('rest', { after: ['approve'], for: '30m' })
      .step('told', sum, {
        after: ['approve', 'rest'],
        payload: ({ results, runId, scheduledFor }) => [
          results.approve ? results.approve.by.length : 0,
          runId.length,
          scheduledFor ? 1 : 0,
        ],
      });

    it('takes what signals carry, and passes time', async () => {
      const { result, steps } = await runWorkflow(gated, null, {
        signals: { approve: { by: 'anna' } },
        runId: 'r',
      });
      expect(result).toEqual({ told: { sum: 5 } });
      expect(steps.told!.settledAt).toBe(Date.parse('2025-01-02T00:30:00Z'));
    });

    it('lets a signal that does not come time out', async () => {
      const { result, steps } = await runWorkflow(gated, null, {
        runId: 'r',
        scheduledFor: '2025-01-01T00:00:00.000Z',
      });
      expect(result).toEqual({ told: { sum: 2 } });
      expect(steps.approve).toMatchObject({ state: 'failed', settledAt: Date.parse('2025-01-02T01:00:00Z') });
    });

    it('refuses a signal that does not fit, and one that is waited for ever', async () => {
      await expect(runWorkflow(gated, null, { signals: { approve: {} } })).rejects.toThrow(
        'what signal "approve" carries does not fit: /by:',
      );
      const endless = defineWorkflow({ name: 'endless' }).signal('go');
      await expect(runWorkflow(endless, null)).rejects.toThrow('give it by { signals: { "go": … } }');
    });
  });

  it('fails over a result that is too large to be kept', async () => {
    const large = defineJob({ name: 'large', run: () => 'x'.repeat(300_000) });
    const workflow = defineWorkflow({ name: 'w' }).step('large', large);
    await expect(runWorkflow(workflow, null)).rejects.toThrow(
      /step "large" failed: the result has 300002 bytes, and a step of a workflow may have 262144/,
    );
    expect((await runWorkflow(workflow, null, { resultLimit: 400_000 })).steps.large!.state).toBe('done');
  });

  it('refuses a payload that does not fit, and what is no workflow', async () => {
    await expect(runWorkflow(squares, { upTo: 'x' as never })).rejects.toThrow(
      /does not fit workflow "squares": \/upTo/,
    );
    await expect(runWorkflow(numbers as never, null)).rejects.toThrow('made by defineWorkflow');
  });
});
