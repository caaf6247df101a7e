import { setTimeout as wait } from 'node:timers/promises';
import { bareHandover } from './peers/bare.js';
import { closeAndRestart, giveBack, killed } from './peers/bullmq-stops.js';
import { stopTables } from './stop-tables.js';
import { type Answer, type Bench, type Context, check, Figures } from './support/bench.js';
import { Product } from './support/product.js';
import { checkHandover, type Gap, gapOf, onePerRun, readLedger } from './support/read-ledger.js';
import { askToFinish, roundFolder } from './support/rounds.js';
import { quantile } from './support/stats.js';
import type { InFlight } from './work/in-flight.js';

const STEP_MS = 10;
const BYTES = 1_024;
/** Of the one slow run. */
const SLOW_STEP_MS = 5_000;
/** BullMQ's lock time and stalled check, tuned. */
const TUNED_MS = 5_000;

const inFlight = (runs: number): InFlight => ({
  runs,
  bytes: BYTES,
  stepMs: STEP_MS,
  settle: () => wait(400),
  goOn: () => wait(100),
});

export const bench: Bench = {
  name: 'stop',
  question: 'how long does a deploy stop the work?',
  axis: 'runs in flight',
  sizes: [100, 1_000, 5_000],
  rounds: 5,
  limitMs: 12 * 60_000,
  run,
};

/** The pushed releases, and which of them runs: each round deploys the other one. */
interface Deploys {
  product: Product;
  releases: { v1: string; v2: string };
  current: 'v1' | 'v2';
}

async function run(context: Context): Promise<Answer> {
  const { sizes, rounds } = context;
  const product = await Product.start(context);
  const releases = { v1: await product.push('steps-v1'), v2: await product.push('steps-v2') };
  await product.deploy(releases.v1);
  const taken = new Taken(context, { product, releases, current: 'v1' });
  // Not counted: a host in the field has been up for longer than a moment.
  await deploy(taken.deploys, roundFolder(context.dir, 'warm-up'), sizes[0]!);
  for (let round = 1; round <= rounds; round++) {
    for (const runs of sizes) await shortStops(taken, runs, round);
    if (context.quick) continue;
    // With its defaults BullMQ does nothing for a minute and then goes on with the fewest runs: that disturbs no other minute of long waits.
    const defaults =
      round === 1 ? killed(context, roundFolder(context.dir, 'defaults'), inFlight(sizes[0]!)) : null;
    defaults?.catch(() => {});
    for (const runs of sizes) await longStops(taken, runs, round);
    if (defaults) taken.add('stalled-defaults', sizes[0]!, await defaults);
  }
  await product.stop();
  return stopTables(context, bench.axis, taken.figures, middleOf(sizes));
}

class Taken {
  readonly figures = new Figures();
  constructor(
    readonly context: Context,
    readonly deploys: Deploys,
  ) {}

  add(id: string, runs: number, gap: Gap | null): void {
    if (!gap) return;
    this.figures.add(`all:${id}`, runs, gap.untilAllMs);
    this.figures.add(`nothing:${id}`, runs, gap.nothingMs);
    this.figures.add(`pause:${id}`, runs, quantile(gap.pauses, 0.5));
    this.context.say(`${runs} runs, ${id}: all run again after ${Math.round(gap.untilAllMs)} ms`);
  }
}

/** What takes a second or so, one after the other. */
async function shortStops(taken: Taken, runs: number, round: number): Promise<void> {
  const { context, deploys, figures } = taken;
  const folder = (who: string) => roundFolder(context.dir, who, runs, round);
  const { gap, report, longest } = await deploy(deploys, folder('window'), runs);
  taken.add('slackwater', runs, gap);
  for (const { phase, ms } of report.phases) if (ms !== null) figures.add(`phase:${phase}`, runs, ms);
  figures.add('report:downtime', runs, report.downtimeMs);
  figures.add('ledger:downtime', runs, gap.downtimeMs);
  figures.add('report:stopped', runs, report.stoppedMs);
  figures.add('ledger:stopped', runs, gap.nothingMs);
  figures.add('report:pause', runs, report.pause.p50Ms);
  figures.add('report:longest', runs, report.pause.maxMs);
  figures.add('ledger:longest', runs, longest);
  const work = inFlight(runs);
  taken.add('bound', runs, await bareHandover(context, folder('bare'), work));
  taken.add('give-back', runs, await giveBack(context, folder('give-back'), work));
  if (runs !== middleOf(context.sizes)) return;
  const mixed = await deploy(deploys, folder('mixed'), runs, true);
  const median = quantile(mixed.gap.pauses, 0.5);
  figures.add('pause:mixed', runs, median);
  context.say(`${runs} runs and a slow one: median pause ${Math.round(median)} ms`);
}

/** What takes many seconds. */
async function longStops(taken: Taken, runs: number, round: number): Promise<void> {
  const { context } = taken;
  const folder = (who: string) => roundFolder(context.dir, who, runs, round);
  taken.add('close', runs, await closeAndRestart(context, folder('close'), inFlight(runs)));
  taken.add('stalled', runs, await killed(context, folder('stalled'), inFlight(runs), TUNED_MS));
}

const middleOf = (sizes: number[]): number => sizes[Math.floor(sizes.length / 2)]!;

/** One window over runs in flight. `slow`: a run with steps of five seconds among them, whose own pause is left out. */
async function deploy(deploys: Deploys, folder: string, runs: number, slow = false) {
  const { settle, goOn } = inFlight(runs);
  const { product, releases, current } = deploys;
  const next = current === 'v1' ? 'v2' : 'v1';
  const payload = (i: number) => ({ dir: folder, run: `r${i}`, stepMs: STEP_MS, bytes: BYTES });
  await product.enqueue(
    'bench.steps',
    Array.from({ length: runs }, (_, i) => payload(i)),
  );
  if (slow) await product.enqueue('bench.slow', [{ ...payload(0), run: 'slow', stepMs: SLOW_STEP_MS }]);
  await product.untilRunning(runs + (slow ? 1 : 0));
  await settle();
  const report = await product.deploy(releases[next]);
  deploys.current = next;
  await goOn();
  askToFinish(folder);
  await product.untilAllCompleted();

  const ledger = readLedger(folder).filter(({ run }) => run !== 'slow');
  check(ledger.length === 2 * runs, `${runs} runs have ${ledger.length} starts`);
  const before = onePerRun(ledger, current, runs);
  const after = onePerRun(ledger, next, runs);
  checkHandover(before, after);
  check(
    report.runs.resumed === runs + (slow ? 1 : 0),
    `the report counts ${report.runs.resumed} resumed runs`,
  );
  check(
    report.work.repeatedCheckpoints === 0,
    `the report counts ${report.work.repeatedCheckpoints} repeated checkpoints`,
  );
  const gap = gapOf([...before].map(([run, old]) => ({ old, next: after.get(run)! })));
  return { gap, report, longest: quantile(gap.pauses, 1) };
}
