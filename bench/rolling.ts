import { setTimeout as wait } from 'node:timers/promises';
import { type Answer, type Bench, type Context, check, Figures } from './support/bench.js';
import { monotonicMs } from './support/clock.js';
import type { Stretch } from './support/ledger.js';
import { Product } from './support/product.js';
import { checkSum, readLedger } from './support/read-ledger.js';
import { askToFinish, roundFolder } from './support/rounds.js';
import { quantile } from './support/stats.js';

const HOSTS = 3;
const STEP_MS = 10;
const BYTES = 1_024;
const settle = () => wait(300);

export const bench: Bench = {
  name: 'rolling',
  question: 'what does a rolling deploy over three hosts cost the work?',
  axis: 'runs in flight',
  sizes: [30, 300],
  rounds: 5,
  limitMs: 8 * 60_000,
  run,
};

async function run(context: Context): Promise<Answer> {
  const { sizes, rounds, say } = context;
  const product = await Product.start(context, { hosts: HOSTS, workers: 1 });
  const releases = [await product.push('steps-v1'), await product.push('steps-v2')] as const;
  await product.deploy(releases[0]);
  const figures = new Figures();
  let current = 0;
  for (let round = 1; round <= rounds; round++) {
    for (const runs of sizes) {
      const next = 1 - current;
      const passing = await measured(product, roundFolder(context.dir, 'rolling', runs, round), runs, () =>
        product.deploy(releases[next]!, { strategy: 'rolling', rolling: { batch: 1, pause: '2s' } }),
      );
      current = next;
      const still = await measured(product, roundFolder(context.dir, 'still', runs, round), runs, () =>
        wait(passing.ms),
      );
      moved(passing.ledger, runs);
      figures.add('rolling', runs, passing.stepsPerSecond);
      figures.add('still', runs, still.stepsPerSecond);
      figures.add('gap', runs, longestGap(passing.ledger));
      figures.add('pause', runs, quantile(pausesOf(passing.ledger), 0.5));
      say(
        `${runs} runs: ${Math.round(passing.stepsPerSecond)} steps/s while it passes (${Math.round(passing.ms)} ms), ${Math.round(still.stepsPerSecond)} without`,
      );
    }
  }
  await product.stop();
  return tables(context, figures);
}

/** So many runs at work while `happening` lasts, and how many steps all of them took a second. */
async function measured(
  product: Product,
  folder: string,
  runs: number,
  happening: () => Promise<unknown>,
): Promise<{ ledger: Stretch[]; stepsPerSecond: number; ms: number }> {
  const payload = { dir: folder, stepMs: STEP_MS, bytes: BYTES };
  await product.enqueue(
    'bench.steps',
    Array.from({ length: runs }, (_, i) => ({ ...payload, run: `r${i}` })),
  );
  await product.untilRunning(runs);
  await settle();
  const from = monotonicMs();
  await happening();
  const ms = monotonicMs() - from;
  await settle();
  askToFinish(folder);
  await product.untilAllCompleted();
  const ledger = readLedger(folder);
  for (const stretch of ledger) {
    checkSum(stretch);
    check(stretch.attempt === 1, `${stretch.run} is in attempt ${stretch.attempt}`);
  }
  // Of each run, from its first step to its last, its own pause in between included.
  const rates = byRun(ledger).map(stretches => {
    const first = Math.min(...stretches.map(({ firstAt }) => firstAt));
    const last = Math.max(...stretches.map(({ lastAt }) => lastAt));
    return (Math.max(...stretches.map(stretch => stretch.last)) - 1) / ((last - first) / 1_000);
  });
  check(rates.length === runs, `${rates.length} of ${runs} runs are in the ledger`);
  return { ledger, stepsPerSecond: rates.reduce((sum, rate) => sum + rate, 0), ms };
}

/** @throws Error unless every run went on in the other code exactly where it had stopped. */
function moved(ledger: Stretch[], runs: number): void {
  const pairs = pairsOf(ledger);
  check(pairs.length === runs, `${pairs.length} of ${runs} runs moved once`);
  for (const [old, next] of pairs)
    check(next.first === old.last + 1, `${old.run} stopped after ${old.last} and went on with ${next.first}`);
}

function byRun(ledger: Stretch[]): Stretch[][] {
  const runs = new Map<string, Stretch[]>();
  for (const stretch of ledger) runs.set(stretch.run, [...(runs.get(stretch.run) ?? []), stretch]);
  return [...runs.values()];
}

const pairsOf = (ledger: Stretch[]): [Stretch, Stretch][] =>
  byRun(ledger).flatMap<[Stretch, Stretch]>(stretches =>
    stretches.length === 2 ? [[stretches[0]!, stretches[1]!]] : [],
  );

const pausesOf = (ledger: Stretch[]): number[] =>
  pairsOf(ledger).map(([old, next]) => next.firstAt - old.lastAt);

/** The longest time in which no run at all was in a worker. */
function longestGap(ledger: Stretch[]): number {
  let busyUntil = Number.POSITIVE_INFINITY;
  let gap = 0;
  for (const { enteredAt, lastAt } of ledger) {
    gap = Math.max(gap, enteredAt - busyUntil);
    busyUntil = busyUntil === Number.POSITIVE_INFINITY ? lastAt : Math.max(busyUntil, lastAt);
  }
  return gap;
}

function tables({ sizes, rounds }: Context, figures: Figures): Answer {
  return {
    sections: [
      {
        title: 'Steps a second, all runs together',
        unit: '/s',
        chart: 'rolling',
        axis: bench.axis,
        sizes,
        series: [
          figures.series('rolling', `while a rolling deploy passes over ${HOSTS} hosts`, sizes),
          figures.series('still', 'the same time without', sizes),
        ],
        ratios: [{ label: 'with ÷ without', over: 'rolling', under: 'still', target: { least: 0.9 } }],
      },
      {
        title: 'Pauses',
        unit: 'ms',
        axis: bench.axis,
        sizes,
        series: [
          figures.series('pause', "a run's own, median", sizes),
          figures.series('gap', 'no run at all in a worker, longest', sizes),
        ],
        ratios: [{ label: 'no run at all, ms', over: 'gap', target: { most: 0 } }],
      },
    ],
    checks: [
      `${rounds * sizes.length} rolling deploys: every run moved once, went on with its very next step, in attempt 1, with the state of its steps`,
    ],
    notes: [
      `steps of ${STEP_MS} ms, states of ${BYTES} bytes, one worker a host, one host after the other with 2 s in between`,
    ],
  };
}
