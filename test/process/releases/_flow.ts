import { existsSync } from 'node:fs';
import { defineJob, defineWorkflow } from 'slackwater';
import * as z from 'zod';
import { pause, record } from './_ledger.js';

const asked = z.object({
  ledger: z.string(),
  /** How many elements the fan-out has. */
  elements: z.int(),
  /** Elements are done when this file is there. */
  until: z.string().optional(),
  /** The last element fails while this file is not there. */
  mended: z.string().optional(),
});

const extract = defineJob({
  name: 'flow.extract',
  queue: 'flow',
  payload: asked,
  async run(ctx, { ledger, elements }) {
    record(ledger, ctx, 0);
    return { parts: Array.from({ length: elements }, (_, part) => part) };
  },
});

/** Waits for its file, and can be stopped meanwhile. Each element is one effect. */
const score = defineJob({
  name: 'flow.score',
  queue: 'flow.score',
  payload: z.object({
    ledger: z.string(),
    part: z.int(),
    last: z.boolean(),
    until: z.string().optional(),
    mended: z.string().optional(),
  }),
  checkpoint: { version: 1, schema: z.object({ looks: z.int() }) },
  async run(ctx, { ledger, part, last, until, mended }) {
    for (let looks = ctx.state?.looks ?? 0; until !== undefined && !existsSync(until); looks++) {
      await pause(20);
      await ctx.checkpoint({ looks });
    }
    if (last && mended !== undefined && !existsSync(mended)) throw new Error('no such airport');
    await ctx.once('score', () => record(ledger, ctx, part), { idempotent: true });
    return part * 10;
  },
});

const publish = defineJob({
  name: 'flow.publish',
  queue: 'flow',
  payload: z.object({ ledger: z.string(), scores: z.array(z.number()), by: z.int() }),
  async run(ctx, { ledger, scores, by }) {
    record(ledger, ctx, 0);
    return { sum: scores.reduce((sum, score) => sum + score, 0), by };
  },
});

/** Has one attempt and no time limit of its own. */
const moody = defineJob({
  name: 'flow.moody',
  queue: 'flow',
  payload: z.object({ ledger: z.string(), goodAt: z.int(), bytes: z.int().default(0) }),
  async run(ctx, { ledger, goodAt, bytes }) {
    record(ledger, ctx, ctx.attempt);
    if (goodAt === 0) await new Promise((_, reject) => ctx.signal.addEventListener('abort', reject));
    if (ctx.attempt < goodAt) throw new Error('not yet');
    return { attempt: ctx.attempt, fill: 'x'.repeat(bytes) };
  },
});

/** @param by which release publishes */
export function flows(by: number) {
  const nightly = defineWorkflow({ name: 'flow.nightly', queue: 'flow', payload: asked })
    .step('extract', extract)
    .step('clean', extract, { after: ['extract'] })
    .step('score', score, {
      after: ['extract'],
      each: ({ results }) => results.extract.parts,
      payload: ({ payload, item }) => ({ ...payload, part: item, last: item === payload.elements - 1 }),
    })
    .step('publish', publish, {
      after: ['clean', 'score'],
      payload: ({ payload, results }) => ({ ledger: payload.ledger, scores: results.score, by }),
    });
  const approved = defineWorkflow({ name: 'flow.approved', queue: 'flow', payload: asked })
    .signal('approve', { payload: z.object({ by: z.string() }) })
    .wait('settle', { after: ['approve'], for: '50ms' })
    .step('nightly', nightly, { after: ['settle'] });
  const moods = defineWorkflow({ name: 'flow.moods', queue: 'flow', payload: asked })
    .step('tries', moody, {
      payload: ({ payload: { ledger } }) => ({ ledger, goodAt: 3 }),
      attempts: 3,
      backoff: { type: 'fixed', delay: '10ms' },
    })
    .step('late', moody, {
      payload: ({ payload: { ledger } }) => ({ ledger, goodAt: 0 }),
      timeout: '200ms',
      onFailure: 'continue',
    })
    .step('large', moody, {
      payload: ({ payload: { ledger } }) => ({ ledger, goodAt: 1, bytes: 300_000 }),
      onFailure: 'continue',
    });
  return { extract, score, publish, moody, nightly, approved, moods };
}
