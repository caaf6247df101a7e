import { defineJob, defineWorkflow, type Workflow } from 'slackwater';
import * as z from 'zod';

/** As little as a run can do. */
export const noop = defineJob({
  name: 'bench.noop',
  queue: 'bench-noop',
  payload: z.int(),
  async run(_ctx, value) {
    return value;
  },
});

/** The fan-in: looks that all results are there, in order. */
export const sum = defineJob({
  name: 'bench.sum',
  queue: 'bench-noop',
  payload: z.object({ values: z.array(z.int()) }),
  async run(_ctx, { values }) {
    if (values.some((value, i) => value !== i)) throw new Error('a result is missing, or in another place');
    return values.length;
  },
});

export const fan = defineWorkflow({
  name: 'bench.fan',
  queue: 'bench-flow',
  payload: z.object({ runs: z.int() }),
})
  .step('each', noop, { each: ({ payload }) => Array.from({ length: payload.runs }, (_, i) => i) })
  .step('sum', sum, { after: ['each'], payload: ({ results }) => ({ values: results.each as number[] }) });

/** Each step gets what the one before it gave, and one more. */
function chainOf(length: number): object {
  let chain = defineWorkflow({
    name: `bench.chain-${length}`,
    queue: 'bench-flow',
    payload: z.object({ first: z.int() }),
  }) as unknown as AnyChain;
  for (let i = 0; i < length; i++)
    chain = chain.step(`s${i}`, noop, {
      after: i === 0 ? [] : [`s${i - 1}`],
      payload: ({ payload, results }) => (i === 0 ? payload.first : results[`s${i - 1}`]! + 1),
    });
  return chain;
}

/** A workflow whose steps are only known when it is built. */
interface AnyChain extends Pick<Workflow, 'name'> {
  step(
    name: string,
    job: typeof noop,
    options: {
      after: string[];
      payload(args: { payload: { first: number }; results: Record<string, number> }): number;
    },
  ): AnyChain;
}

export const chain10 = chainOf(10);
export const chain30 = chainOf(30);
export const chain100 = chainOf(100);
