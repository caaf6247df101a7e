import { defineJob } from 'slackwater';
import * as z from 'zod';
import { noteIn } from './_ledger.js';
import { payload, work } from './_work.js';

/** More than are ever in flight. */
const concurrency = 1_000;

/** The first shape of the state. */
export const first = (name: string) =>
  defineJob({
    name,
    queue: name,
    concurrency,
    payload,
    checkpoint: { version: 1, schema: z.object({ next: z.int() }) },
    run: ctx => work(ctx, { next: ctx.state?.next ?? 0, at: next => ({ next }) }),
  });

const since = new Date(0);

/** The second one, with a way up and a way down. */
export const second = (name: string) =>
  defineJob({
    name,
    queue: name,
    concurrency,
    payload,
    checkpoint: {
      version: 2,
      schema: z.object({ position: z.object({ next: z.int() }), since: z.date() }),
      upgrade: { 1: (old: { next: number }) => ({ position: { next: old.next }, since }) },
      downgrade: { 2: (now: { position: { next: number } }) => ({ next: now.position.next }) },
    },
    run: ctx =>
      work(ctx, { next: ctx.state?.position.next ?? 0, at: next => ({ position: { next }, since }) }),
  });

export const child = defineJob({
  name: 'campaign.child',
  queue: 'campaign.child',
  concurrency,
  payload: z.object({ ledger: z.string(), of: z.int() }),
  run(ctx, { ledger, of }) {
    const note = noteIn(ledger, ctx);
    note.started(0);
    note.begins(0);
    return of;
  },
});

/** What a window asks of the new release. */
export const probe = defineJob({ name: 'campaign.probe', queue: 'campaign.probe', run: () => 'well' });

/** How a run of this job ends tells releases apart. */
export const taste = (run: () => string) =>
  defineJob({
    name: 'campaign.taste',
    queue: 'campaign.taste',
    concurrency,
    payload: z.object({ n: z.int() }),
    run,
  });
