import { setTimeout as wait } from 'node:timers/promises';
import { defineJob } from 'slackwater';
import * as z from 'zod';
import { readFlights } from '../../../jobs/_flights.js';
import { record } from '../../../jobs/_ledger.js';
import { delaysPayload, meanDelays } from '../../../jobs/delays.js';

/** What version 1 saved: two lists side by side, and `row` for the place in the file. */
interface Version1 {
  row: number;
  flights: Record<string, number>;
  minutes: Record<string, number>;
}

/** `flights.delays` with its checkpoint in another shape: one entry an airport, in a `Map`. It says how to get there, and back. */
export const delays = defineJob({
  name: 'flights.delays',
  queue: 'flights',
  payload: delaysPayload,
  checkpoint: {
    version: 2,
    schema: z.object({
      next: z.int(),
      airports: z.map(z.string(), z.object({ flights: z.int(), minutes: z.int() })),
    }),
    upgrade: {
      1: (old: Version1) => ({
        next: old.row,
        airports: new Map(
          Object.entries(old.flights).map(([airport, flights]) => [
            airport,
            { flights, minutes: old.minutes[airport]! },
          ]),
        ),
      }),
    },
    downgrade: {
      2: now => ({ row: now.next, ...asLists(now.airports) }),
    },
  },
  async run(ctx, { file, from, to, block, paceMs, ledger }) {
    const state = ctx.state ?? {
      next: from,
      airports: new Map<string, { flights: number; minutes: number }>(),
    };
    const blocks = readFlights(file, ['origin', 'delay'], { from: state.next, to, size: block });
    for await (const { row, next, flights } of blocks) {
      for (const { origin, delay } of flights) {
        const sum = state.airports.get(origin) ?? { flights: 0, minutes: 0 };
        state.airports.set(origin, { flights: sum.flights + 1, minutes: sum.minutes + delay });
      }
      record(ledger, ctx, row);
      if (paceMs > 0) await wait(paceMs, undefined, { signal: ctx.signal });
      state.next = next;
      ctx.progress(next - from, to === undefined ? undefined : to - from);
      await ctx.checkpoint(state);
    }
    const { flights, minutes } = asLists(state.airports);
    return meanDelays(flights, minutes);
  },
});

function asLists(airports: Map<string, { flights: number; minutes: number }>) {
  const flights: Record<string, number> = {};
  const minutes: Record<string, number> = {};
  for (const [airport, sum] of airports) {
    flights[airport] = sum.flights;
    minutes[airport] = sum.minutes;
  }
  return { flights, minutes };
}
