import { defineJob, defineWorkflow } from 'slackwater';
import * as z from 'zod';
import { record } from './_ledger.js';

const asked = z.object({ ledger: z.string() });

/** A workflow whose second step has another job in each release. */
export function rolls(second: string) {
  const list = defineJob({
    name: 'roll.list',
    queue: 'roll',
    payload: asked,
    run: async (ctx, { ledger }) => {
      record(ledger, ctx, 0);
      return [0, 1, 2, 3, 4];
    },
  });
  const each = defineJob({
    name: second,
    queue: 'roll',
    payload: z.object({ ledger: z.string(), i: z.int() }),
    run: async (ctx, { ledger, i }) => {
      record(ledger, ctx, i);
      return i;
    },
  });
  const roll = defineWorkflow({ name: 'roll', queue: 'roll', payload: asked })
    .step('list', list)
    .step('each', each, {
      after: ['list'],
      each: ({ results }) => results.list,
      payload: ({ payload, item }) => ({ ledger: payload.ledger, i: item }),
    });
  return { list, each, roll };
}
