import type { PlainFlowOptions } from './peers/plain-flow-main.js';
import { type Answer, type Bench, type Context, check, Figures } from './support/bench.js';
import { Child } from './support/child.js';
import { Product } from './support/product.js';
import { RedisWatch } from './support/redis-watch.js';

const CHAINS = [10, 30, 100];
/** As many as the product's workers take at once. */
const CONCURRENCY = 200;
/** Fan-outs in which Redis is asked for what was slow. */
const SLOW_TRIES = 3;

export const bench: Bench = {
  name: 'workflow',
  question: 'what does a run of a workflow cost?',
  axis: 'runs',
  sizes: [100, 1_000, 10_000],
  rounds: 5,
  limitMs: 8 * 60_000,
  run,
};

type Shape = PlainFlowOptions['shape'];

async function run(context: Context): Promise<Answer> {
  const { sizes, rounds, say } = context;
  const product = await Product.start(context);
  await product.deploy(await product.push('workflow'));
  // The first evaluation forks the process for it.
  await workflow(product, 'fan', 1);
  const figures = new Figures();
  let total = 0;
  const watch = await RedisWatch.on(context);
  const bytes = new Map<number, number>();
  for (let round = 1; round <= rounds; round++) {
    for (const [shape, counts] of [
      ['fan', sizes],
      ['chain', CHAINS],
    ] as [Shape, number[]][]) {
      for (const runs of counts) {
        const took: Record<string, number> = {};
        const ours = await watch.room(() => workflow(product, shape, runs));
        took.slackwater = ours.value;
        if (shape === 'fan') bytes.set(runs, ours.bytes / runs);
        for (const by of ['plain', 'flow'] as const)
          took[by] = await bullmq(context, { shape, by, runs }, round);
        total += runs;
        for (const [who, ms] of Object.entries(took))
          figures.add(`${shape}:${who}`, runs, (ms * 1_000) / runs);
        say(
          `${shape} of ${runs}: ${Object.entries(took)
            .map(([who, ms]) => `${who} ${Math.round(ms)} ms`)
            .join(', ')}`,
        );
      }
    }
  }
  const most = Math.max(...sizes);
  say(`fan of ${most}, ${SLOW_TRIES} times, with Redis at a real-time priority`);
  const slow = await watch.slow(async () => {
    for (let i = 0; i < SLOW_TRIES; i++) await workflow(product, 'fan', most);
  });
  await product.stop();
  return answer(context, figures, total, [
    `${SLOW_TRIES} more fan-outs of ${most.toLocaleString('en-US')}: ${slow}`,
    `memory of Redis a run of a fan-out, as long as it is kept: ${[...bytes].map(([runs, each]) => `${(each / 1_024).toFixed(1)} KiB of ${runs.toLocaleString('en-US')}`).join(', ')}`,
  ]);
}

/** From the request to the end of the workflow run, ms: both stand with the run, by one clock. */
async function workflow(product: Product, shape: Shape, runs: number): Promise<number> {
  const name = shape === 'fan' ? 'bench.fan' : `bench.chain-${runs}`;
  const id = await product.ask(name, shape === 'fan' ? { runs } : { first: 0 });
  const { result, createdAt, finishedAt } = await product.completed(id);
  const last = Object.values(result as Record<string, number>)[0];
  check(last === (shape === 'fan' ? runs : runs - 1), `a ${shape} of ${runs} gave ${last}`);
  return Date.parse(finishedAt!) - Date.parse(createdAt);
}

async function bullmq(
  context: Context,
  what: Pick<PlainFlowOptions, 'shape' | 'by' | 'runs'>,
  round: number,
): Promise<number> {
  const prefix = `{${context.keys}-${what.by}-${what.shape}-${what.runs}-${round}}`;
  const options: PlainFlowOptions = { ...what, redisUrl: context.redisUrl, prefix, concurrency: CONCURRENCY };
  const peer = new Child(context.programs['plain-flow']!, [JSON.stringify(options)], context);
  const { ms, result } = (await peer.message('done')) as { ms: number; result: number };
  check(result === what.runs, `${what.by} gave ${result} results of ${what.runs}`);
  await peer.exited;
  return ms;
}

function answer({ sizes }: Context, figures: Figures, total: number, notes: string[]): Answer {
  const section = (shape: Shape, title: string, of: number[]) => ({
    title,
    unit: 'µs' as const,
    chart: shape === 'fan' ? 'workflow' : 'workflow-chain',
    axis: bench.axis,
    sizes: of,
    series: [
      figures.series(`${shape}:slackwater`, 'Slackwater', of),
      figures.series(`${shape}:plain`, 'plain BullMQ: addBulk and a worker', of),
      figures.series(`${shape}:flow`, 'BullMQ FlowProducer', of),
    ],
    ratios: [
      {
        label: 'Slackwater ÷ plain',
        over: `${shape}:slackwater`,
        under: `${shape}:plain`,
        target: { most: 2 },
      },
      { label: 'Slackwater ÷ FlowProducer', over: `${shape}:slackwater`, under: `${shape}:flow` },
    ],
  });
  return {
    sections: [
      section('fan', 'A run of a fan-out, its fan-in included', sizes),
      section('chain', 'A step of a chain', CHAINS),
    ],
    checks: [`${total.toLocaleString('en-US')} runs of each: every result in its place, once`],
    notes: [
      'jobs that do nothing; from the request to the end of the workflow, divided by its runs',
      'plain BullMQ is one process without anything that would outlive its death: who comes last is counted in memory, and adds what follows',
      ...notes,
    ],
  };
}
