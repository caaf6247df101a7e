import { existsSync } from 'node:fs';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { pause, record } from './_ledger.js';

interface State {
  done: number;
}
interface Versions {
  version: number;
  upgrade?: Record<number, (old: State) => State>;
}

/** From this night on runs go on offering their state until the file is there: what a test wants to see in flight stays in flight. */
const WAITS_FROM = '2026-01-09';

/** A night's work in a few parts. A schedule says the same to every run, so the files are told to the release. */
export const nightlyOf = (ledger: string, until: string, versions: Versions) =>
  defineJob({
    name: 'ledger.nightly',
    queue: 'nightly',
    checkpoint: { schema: z.object({ done: z.int() }), ...versions },
    schedule: { cron: '30 2 * * *', timezone: 'Europe/Berlin', jitter: '0s' },
    async run(ctx) {
      const state = ctx.state ?? { done: 0 };
      while (state.done < 4) {
        while (state.done === 2 && String(ctx.scheduledFor) >= WAITS_FROM && !existsSync(until)) {
          await pause(20);
          await ctx.checkpoint(state);
        }
        await pause(60);
        record(ledger, ctx, state.done);
        state.done += 1;
        await ctx.commit(state);
      }
      return ctx.scheduledFor;
    },
  });
