import { type Answer, type Bench, type Context, check, Figures } from './support/bench.js';
import { Child } from './support/child.js';
import { Product } from './support/product.js';

const STEP_US = 100;
const STEPS = 10_000;
const PROGRESS_STEPS = 2_000;
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
      const without = await tightLoop(product, bytes, false);
      const offered = await tightLoop(product, bytes, true);
      const progress = await withProgress(context, bytes);
      const ofIt = (ms: number, steps: number) => (ms / steps / (without / STEPS) - 1) * 100;
      figures.add('offered', bytes, ofIt(offered, STEPS));
      figures.add('progress', bytes, ofIt(progress, PROGRESS_STEPS));
      const { askedUs, awaitedUs } = await notDue(product, bytes);
      figures.add('asked', bytes, askedUs);
      figures.add('awaited', bytes, awaitedUs);
      say(
        `${bytes} bytes: ${ofIt(offered, STEPS).toFixed(2)} % of the loop, ${askedUs.toFixed(3)} µs where nothing is due`,
      );
    }
  }
  await product.stop();
  return answer(context, figures);
}

/** One run of the loop in a real worker. @returns ms. */
async function tightLoop(product: Product, bytes: number, offer: boolean): Promise<number> {
  const [id] = await product.enqueue('bench.loop', [{ steps: STEPS, us: STEP_US, bytes, offer }]);
  const run = await product.completed(id!);
  const { ms, step } = run.result as { ms: number; step: number };
  check(step === STEPS, `the loop took ${step} of ${STEPS} steps`);
  const saves = run.checkpoint?.count ?? 0;
  // Due every 250 ms; half of that many, so that a busy machine fails nothing.
  if (offer) check(saves >= ms / 500, `a loop of ${Math.round(ms)} ms had ${saves} states saved`);
  else check(saves === 0, `a loop that offers nothing had ${saves} states saved`);
  return ms;
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
          figures.series('progress', 'BullMQ, job.updateProgress at each step', sizes),
        ],
        ratios: [{ label: 'ctx.checkpoint, per cent', over: 'offered', target: { most: 2 } }],
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
      `${rounds * sizes.length} loops of ${STEPS.toLocaleString('en-US')} steps with offers: all steps taken, and a state saved in Redis at least every half second`,
      'the loops without offers saved none',
    ],
    notes: [
      'in a real worker of a real host: what is saved goes over IPC to the host and from there to Redis, on the same cores',
      'the state is an object of counters by key, the hardest kind to serialise for its size; one of them changes at each step',
      'a step spins until its time is over, so that what the machine does beside it is not counted against either side',
    ],
  };
}
