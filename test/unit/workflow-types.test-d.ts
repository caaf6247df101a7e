/** What must compile of workflows and what must not; see `types.test-d.ts`. */
import { defineJob, defineWorkflow } from 'slackwater';
import { runWorkflow } from 'slackwater/testing';
import * as z from 'zod';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

const extract = defineJob({
  name: 'extract',
  payload: z.object({ day: z.string() }),
  run: async () => ({ path: 'a.parquet', parts: [{ part: 1 }] }),
});
const clean = defineJob({
  name: 'clean',
  payload: z.object({ path: z.string() }),
  run: async () => ({ rows: 3, at: new Date() }),
});
const score = defineJob({
  name: 'score',
  payload: z.object({ part: z.int() }),
  run: async (_ctx, { part }) => part,
});
const publish = defineJob({
  name: 'publish',
  payload: z.object({ rows: z.int().optional() }),
  run: () => {},
});

/** The example of the contracts page. */
export const nightly = defineWorkflow({ name: 'nightly', payload: z.object({ day: z.iso.date() }) })
  .step('extract', extract, {
    payload: ({ payload, results, scheduledFor, runId }) => {
      same<typeof payload, { day: string }>(true);
      same<keyof typeof results, never>(true);
      same<typeof scheduledFor, string | null>(true);
      same<typeof runId, string>(true);
      return { day: payload.day };
    },
  })
  .step('clean', clean, {
    after: ['extract'],
    payload: ({ results }) => ({ path: results.extract.path }),
    attempts: 3,
    backoff: { type: 'fixed', delay: '1s' },
    timeout: '1h',
  })
  .step('score', score, { after: ['extract'], each: ({ results }) => results.extract.parts })
  .step('publish', publish, {
    after: ['clean', 'score'],
    payload: ({ results }) => {
      same<typeof results.clean, { rows: number; at: string }>(true);
      same<typeof results.score, number[]>(true);
      // @ts-expect-error not in after
      results.extract;
      return { rows: results.clean.rows + results.score.length };
    },
    onFailure: 'stop',
  });

/** Each step, what may be missing, signals, waits, and a workflow as a step. */
export const weekly = defineWorkflow({ name: 'weekly', payload: z.object({ days: z.array(z.iso.date()) }) })
  .step('days', nightly, {
    each: ({ payload }) => payload.days,
    payload: ({ item, index, payload }) => {
      same<typeof item, string>(true);
      same<typeof index, number>(true);
      same<typeof payload, { days: string[] }>(true);
      return { day: item };
    },
    onFailure: 'continue',
  })
  .signal('approve', {
    after: ['days'],
    payload: z.object({ by: z.string() }),
    timeout: '1d',
    onTimeout: 'continue',
  })
  .signal('go', { payload: z.object({ by: z.string() }) })
  .wait('night', { after: ['approve', 'go'], until: ({ results }) => new Date(results.go.by) })
  .step('maybe', publish, {
    after: ['days', 'night'],
    when: ({ results }) => {
      same<typeof results.days, ({ readonly publish: null } | undefined)[]>(true);
      same<typeof results.night, undefined>(true);
      return results.days.length > 3;
    },
    payload: () => ({}),
  })
  .step('dependent', publish, { after: ['maybe'], payload: () => ({}) })
  .step('both', publish, { after: ['maybe', 'approve'], payload: () => ({}) })
  .step('last', publish, {
    after: ['approve', 'go', 'maybe', 'dependent', 'both'],
    payload: ({ results }) => {
      same<typeof results.approve, { by: string } | undefined>(true);
      same<typeof results.go, { by: string }>(true);
      same<typeof results.maybe, null | undefined>(true);
      same<typeof results.dependent, null | undefined>(true);
      same<typeof results.both, null>(true);
      return {};
    },
  });

const base = defineWorkflow({ name: 'errors' }).step('extract', extract, { payload: () => ({ day: '' }) });

// @ts-expect-error there is no step of that name before it
base.step('b', clean, { after: ['extrac'], payload: () => ({ path: '' }) });
base.step('b', clean, {
  after: ['extract'],
  // @ts-expect-error the job wants a path
  payload: ({ results }) => ({ file: results.extract.path }),
});
// @ts-expect-error the result has no such field
base.step('b', clean, { after: ['extract'], payload: ({ results }) => ({ path: results.extract.pat }) });
// @ts-expect-error each gives an array
base.step('b', clean, { after: ['extract'], each: ({ results }) => results.extract.path });
// @ts-expect-error there is no element without each
base.step('b', clean, { after: ['extract'], payload: ({ item }) => item });
// @ts-expect-error onFailure is stop or continue
base.step('b', clean, { payload: () => ({ path: '' }), onFailure: 'ignore' });
// @ts-expect-error not an option
base.step('b', clean, { payload: () => ({ path: '' }), retries: 3 });
// @ts-expect-error must not be asynchronous
base.step('b', clean, { when: async () => true, payload: () => ({ path: '' }) });
// @ts-expect-error a job, or a workflow
base.step('b', 'clean', {});
defineWorkflow({
  name: 'typed.schedule',
  payload: z.object({ day: z.string() }),
  // @ts-expect-error the payload has a day
  schedule: { cron: '0 0 * * *', payload: { da: 1 } },
});

export async function test(): Promise<void> {
  const { result, steps } = await runWorkflow(nightly, { day: '2026-01-01' });
  same<typeof result, { readonly publish: null }>(true);
  steps.score?.runs.length;
  // @ts-expect-error day is text
  await runWorkflow(nightly, { day: 1 });
  const fan = await runWorkflow(
    defineWorkflow({ name: 'fan' }).step('score', score, { each: () => [{ part: 1 }] }),
    {},
  );
  same<typeof fan.result, { readonly score: number }>(true);
}
