import { defineJob } from 'slackwater';
import * as z from 'zod';
import { short as good } from '../_jobs.js';
import { record } from '../_ledger.js';

export { busy, steps } from '../v2/jobs.js';

/** Loads, reads every state, and fails at its work: only who watches it will know. */
export const short = defineJob({
  name: good.name,
  queue: good.queue,
  payload: z.object({ ledger: z.string() }),
  attempts: 1_000,
  backoff: { type: 'fixed', delay: '200ms' },
  async run() {
    throw new Error('the column was renamed');
  },
});

/** Says whether this release works: it does not. */
export const check = defineJob({
  name: 'ledger.check',
  queue: 'short',
  payload: z.object({ ledger: z.string() }),
  async run() {
    throw new Error('the column was renamed');
  },
});

/** Undoes what came before this release: only this release knows how. */
export const revert = defineJob({
  name: 'ledger.revert',
  queue: 'short',
  payload: z.object({ ledger: z.string() }),
  async run(ctx, { ledger }) {
    record(ledger, ctx, 9_000);
  },
});
