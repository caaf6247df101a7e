import { type Answer, type Bench, type Context, check, Figures } from './support/bench.js';
import { Child } from './support/child.js';
import { Product } from './support/product.js';

const STEP_US = 100;
/** Without offers and with them, in turn: long enough for a large state to rest as often as it would in a loop without end. */
const BLOCKS = 3;
const BLOCK_STEPS = 4_000;
const STEPS = BLOCKS * BLOCK_STEPS;
const PROGRESS_STEPS = 1_000;
const BATCHES = 20;
/** So few that all of them come within 5 ms of the last serialisation. */
const CALLS = 500;

export const bench: Bench = {
  name: 'checkpoint',
  question: 'what does an offered state cost?',
  axis: 'bytes of the state',
  sizes: [100, 1_024, 65_536],
  rounds: 5,
  limitMs: 5 * 60_000,
  run,
};

async function run(context: Context): Promise<Answer> {
  const { sizes, rounds, say } = context;
  const product = await Product.start(context);
  await product.deploy(await product.push('checkpoint'));
  const figures = new Figures();
  for (let round = 1; round <= rounds; round++) {
    for (const bytes of sizes) {
      const { withoutMs, offeredMs, offersMs, saves } = await tightLoop(product, bytes);
      const progressMs = await withProgress(context, bytes);
      const { askedUs, awaitedUs } = await notDue(product, bytes);
      const added = (ms: number, steps: number) => (ms / steps / (withoutMs / STEPS) - 1) * 100;
      figures.add('offered', bytes, added(offeredMs, STEPS));
      figures.add('inside', bytes, (offersMs / withoutMs) * 100);
      figures.add('progress', bytes, added(progressMs, PROGRESS_STEPS));
      figures.add('saves', bytes, (saves / (withoutMs + offeredMs)) * 1_000);
      figures.add('asked', bytes, askedUs);
      figures.add('awaited', bytes, awaitedUs);
      const percent = added(offeredMs, STEPS).toFixed(2);
      say(`${bytes} bytes: ${percent} % of the loop, ${askedUs.toFixed(3)} µs where nothing is due`);
    }
  }
  await product.stop();
  return answer(context, figures);
}

interface LoopResult {
  withoutMs: number;
  offeredMs: number;
  /** Of that, within the calls. */
  offersMs: number;
  step: number;
}

/** One run of the loop in a real worker: how long it took with offers and without, and how many of its states were saved. */
async function tightLoop(product: Product, bytes: number): Promise<LoopResult & { saves: number }> {
  const payload = { blocks: BLOCKS, steps: BLOCK_STEPS, us: STEP_US, bytes };
  const [id] = await product.enqueue('bench.loop', [payload]);
  const run = await product.completed(id!);
  const result = run.result as LoopResult;
  check(result.step === 2 * STEPS, `the loop took ${result.step} of ${2 * STEPS} steps`);
  const saves = run.checkpoint?.count ?? 0;
  check(saves > 0, 'no state of a loop that offers each was saved');
  return { ...result, saves };
}

async function notDue(product: Product, bytes: number): Promise<{ askedUs: number; awaitedUs: number }> {
  const [id] = await product.enqueue('bench.not-due', [{ batches: BATCHES, calls: CALLS, bytes }]);
  return (await product.completed(id!)).result as { askedUs: number; awaitedUs: number };
}

async function withProgress(context: Context, bytes: number): Promise<number> {
  const options = {
    redisUrl: context.redisUrl,
    prefix: `{${context.keys}-bullmq}`,
    steps: PROGRESS_STEPS,
    us: STEP_US,
    bytes,
  };
  const peer = new Child(context.programs.progress!, [JSON.stringify(options)], context);
  const { ms, step } = (await peer.message('done')) as { ms: number; step: number };
  check(step === PROGRESS_STEPS, `the last progress is of step ${step} of ${PROGRESS_STEPS}`);
  await peer.exited;
  return ms;
}

function answer({ sizes, rounds }: Context, figures: Figures): Answer {
  const { axis } = bench;
  return {
    sections: [
      {
        title: `What it adds to a loop with ${STEP_US} µs of work a step`,
        unit: '%',
        chart: 'checkpoint',
        axis,
        sizes,
        series: [
          figures.series('offered', 'ctx.checkpoint at each step', sizes),
          figures.series('inside', '… of that, time within the calls', sizes),
          figures.series('progress', 'BullMQ, job.updateProgress at each step', sizes),
        ],
        ratios: [{ label: 'ctx.checkpoint, per cent', over: 'offered', target: { most: 2 } }],
      },
      {
        title: 'States saved by that loop; due are four a second',
        unit: '/s',
        axis,
        sizes,
        series: [figures.series('saves', 'ctx.checkpoint at each step', sizes)],
        ratios: [],
      },
      {
        title: 'A call when nothing is due',
        unit: 'µs',
        axis,
        sizes,
        series: [
          figures.series('asked', 'await ctx.checkpoint(state)', sizes),
          figures.series('awaited', 'await of a resolved promise', sizes),
        ],
        ratios: [
          { label: 'ctx.checkpoint, µs', over: 'asked', target: { most: 1 } },
          { label: 'ctx.checkpoint ÷ await alone', over: 'asked', under: 'awaited' },
        ],
      },
    ],
    checks: [
      `${rounds * sizes.length} loops of ${(2 * STEPS).toLocaleString('en-US')} steps, half of them with offers: all steps taken, and states saved in Redis`,
    ],
    notes: [
      'a large state is serialised, and so saved, less often: after each time it rests for a hundred times as long as that took',
      'in a real worker of a real host: what is saved goes over IPC to the host and from there to Redis, on the same cores',
      'the state is an object of counters by key, the hardest kind to serialise for its size; one of them changes at each step',
      'time within the calls is the steadier figure: on a machine that is not quiet, the difference of two loops shows what disturbed them',
      'a step spins until its time is over, so that what the machine does beside it is not counted against either side',
    ],
  };
}
