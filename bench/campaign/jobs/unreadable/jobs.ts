import { defineJob } from 'slackwater';
import * as z from 'zod';
import { child, probe, second, taste } from '../_jobs.js';
import { payload, work } from '../_work.js';

/** Its last upgrade forgets where the run stands. */
const forgetful = (name: string) =>
  defineJob({
    name,
    queue: name,
    payload,
    checkpoint: {
      version: 3,
      schema: z.object({ place: z.object({ next: z.int() }) }),
      upgrade: {
        1: (old: { next: number }) => ({ position: { next: old.next } }),
        // biome-ignore lint/suspicious/noExplicitAny: what a type check would catch must get as far as the proof here.
        2: (): any => ({ place: {} }),
      },
    },
    run: ctx => work(ctx, { next: ctx.state?.place.next ?? 0, at: next => ({ place: { next } }) }),
  });

export const quick = forgetful('campaign.quick');
export const slow = second('campaign.slow');
export const sweet = taste(() => 'sweet');
export { child, probe };
