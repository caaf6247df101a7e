import { connect, type Redis } from '../src/store/redis.js';
import type { PlainFlowOptions } from './peers/plain-flow-main.js';
import { type Answer, type Bench, type Context, check, Figures } from './support/bench.js';
import { Child } from './support/child.js';
import { Product } from './support/product.js';

const CHAINS = [10, 30, 100];
/** As many as the product's workers take at once. */
const CONCURRENCY = 200;

export const bench: Bench = {
  name: 'workflow',
  question: 'what does a run of a workflow cost?',
  axis: 'runs',
  sizes: [100, 1_000, 10_000],
  rounds: 5,
  limitMs: 8 * 60_000,
  run,
};

/** Nobody else is served meanwhile. */
const SLOW_MS = 10;

type Shape = PlainFlowOptions['shape'];

async function run(context: Context): Promise<Answer> {
  const { sizes, rounds, say } = context;
  const product = await Product.start(context);
  await product.deploy(await product.push('workflow'));
  // The first evaluation forks the process for it.
  await workflow(product, 'fan', 1);
  const figures = new Figures();
  let total = 0;
  const watch = await watchRedis(context);
  for (let round = 1; round <= rounds; round++) {
    for (const [shape, counts] of [
      ['fan', sizes],
      ['chain', CHAINS],
    ] as [Shape, number[]][]) {
      for (const runs of counts) {
        const took: Record<string, number> = {};
        took.slackwater = await watch.during(shape, runs, () => workflow(product, shape, runs));
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
  await product.stop();
  return answer(context, figures, total, watch.notes());
}

/** What Redis says of the product's own runs: commands and scripts that took long, and the room that runs take. */
async function watchRedis({ redisUrl, scope }: Context) {
  const redis: Redis = connect({ url: redisUrl });
  scope.defer(() => redis.disconnect());
  await redis.config('SET', 'slowlog-log-slower-than', String(SLOW_MS * 1_000));
  const memory = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))![1]);
  const bytes = new Map<number, number>();
  let [slow, worst] = [0, 0];
  return {
    async during(shape: Shape, runs: number, work: () => Promise<number>): Promise<number> {
      const before = await memory();
      await redis.slowlog('RESET');
      const took = await work();
      const entries = (await redis.slowlog('GET', -1)) as [id: number, at: number, us: number][];
      slow += entries.length;
      for (const [, , us] of entries) worst = Math.max(worst, us / 1_000);
      if (shape === 'fan') bytes.set(runs, ((await memory()) - before) / runs);
      return took;
    },
    notes: () => [
      slow === 0
        ? `no command and no script took Redis more than ${SLOW_MS} ms (SLOWLOG)`
        : `${slow} commands or scripts took Redis more than ${SLOW_MS} ms (SLOWLOG), at most ${Math.round(worst)} ms: on a busy machine Redis itself is kept waiting`,
      `memory of Redis a run of a fan-out, as long as it is kept: ${[...bytes].map(([runs, each]) => `${(each / 1_024).toFixed(1)} KiB of ${runs.toLocaleString('en-US')}`).join(', ')}`,
    ],
  };
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
