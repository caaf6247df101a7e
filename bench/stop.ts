import { setTimeout as wait } from 'node:timers/promises';
import { bareHandover } from './peers/bare.js';
import { BullmqPeer } from './peers/bullmq.js';
import { type Answer, type Bench, type Context, check, Figures, type Section } from './support/bench.js';
import { monotonicMs } from './support/clock.js';
import { Product } from './support/product.js';
import {
  checkHandover,
  checkSum,
  firstPerRun,
  type Gap,
  gapOf,
  onePerRun,
  readLedger,
} from './support/read-ledger.js';
import { askToFinish, roundFolder } from './support/rounds.js';
import { quantile } from './support/stats.js';

const STEP_MS = 10;
const BYTES = 1_024;
/** Length of the jobs that `close()` waits for, and of the slow run's steps. */
const LONG_MS = 5_000;
const TUNED_MS = 5_000;
/** In full swing before it is stopped … */
const settle = () => wait(400);
/** … and for some steps after. */
const goOn = () => wait(100);

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
  const { sizes, rounds, say } = context;
  const product = await Product.start(context);
  const releases = { v1: await product.push('steps-v1'), v2: await product.push('steps-v2') };
  await product.deploy(releases.v1);
  const deploys: Deploys = { product, releases, current: 'v1' };
  const middle = sizes[Math.floor(sizes.length / 2)]!;
  const figures = new Figures();
  const take = (id: string, runs: number, gap: Gap | null) => {
    if (!gap) return;
    figures.add(`all:${id}`, runs, gap.untilAllMs);
    figures.add(`nothing:${id}`, runs, gap.nothingMs);
    figures.add(`pause:${id}`, runs, quantile(gap.pauses, 0.5));
    say(`${runs} runs, ${id}: all run again after ${Math.round(gap.untilAllMs)} ms`);
  };

  // Not counted: a host in the field has been up for longer than a moment.
  await deploy(deploys, roundFolder(context.dir, 'warm-up'), sizes[0]!);

  for (let round = 1; round <= rounds; round++) {
    for (const runs of sizes) {
      const folder = (who: string) => roundFolder(context.dir, who, runs, round);
      const { gap, report, longest } = await deploy(deploys, folder('window'), runs);
      take('slackwater', runs, gap);
      for (const { phase, ms } of report.phases) if (ms !== null) figures.add(`phase:${phase}`, runs, ms);
      figures.add('report:downtime', runs, report.downtimeMs);
      figures.add('ledger:downtime', runs, gap.downtimeMs);
      figures.add('report:stopped', runs, report.stoppedMs);
      figures.add('ledger:stopped', runs, gap.nothingMs);
      figures.add('report:pause', runs, report.pause.p50Ms);
      figures.add('report:longest', runs, report.pause.maxMs);
      figures.add('ledger:longest', runs, longest);
      const work = { runs, bytes: BYTES, stepMs: STEP_MS };
      take('bound', runs, await bareHandover(context, folder('bare'), { ...work, settle, goOn }));
      take('give-back', runs, await giveBack(context, folder('give-back'), runs));
      if (context.quick) continue;
      take('close', runs, await closeAndRestart(context, folder('close'), runs));
      take('stalled', runs, await killed(context, folder('stalled'), runs, TUNED_MS));
      if (runs !== middle) continue;
      const mixed = await deploy(deploys, folder('mixed'), runs, true);
      figures.add('pause:mixed', runs, quantile(mixed.gap.pauses, 0.5));
      say(`${runs} runs and a slow one: median pause ${Math.round(quantile(mixed.gap.pauses, 0.5))} ms`);
    }
  }
  // A minute each: it is taken once.
  if (!context.quick)
    take(
      'stalled-defaults',
      sizes[0]!,
      await killed(context, roundFolder(context.dir, 'defaults'), sizes[0]!),
    );
  await product.stop();
  return answer(context, figures, middle);
}

/** One window over runs in flight. `slow`: a run with steps of five seconds among them, whose own pause is left out. */
async function deploy(deploys: Deploys, folder: string, runs: number, slow = false) {
  const { product, releases, current } = deploys;
  const next = current === 'v1' ? 'v2' : 'v1';
  const payload = (i: number) => ({ dir: folder, run: `r${i}`, stepMs: STEP_MS, bytes: BYTES });
  await product.enqueue(
    'bench.steps',
    Array.from({ length: runs }, (_, i) => payload(i)),
  );
  if (slow) await product.enqueue('bench.slow', [{ ...payload(0), run: 'slow', stepMs: LONG_MS }]);
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

/** The best that can be had by hand: at the next step each job saves its state and goes back to the queue, then `close()` and new processes. */
async function giveBack(context: Context, folder: string, runs: number): Promise<Gap> {
  const peer = new BullmqPeer(context, { runs, bytes: BYTES, stepMs: STEP_MS, folder });
  await peer.add(runs);
  peer.start('old');
  await peer.full();
  await settle();
  await peer.close('give-back');
  peer.start('new');
  await peer.full();
  await goOn();
  await peer.end();
  const ledger = readLedger(folder);
  const before = onePerRun(ledger, 'old', runs);
  const after = onePerRun(ledger, 'new', runs);
  checkHandover(before, after);
  return gapOf([...before].map(([run, old]) => ({ old, next: after.get(run)! })));
}

/** What most do: `close()` takes no new jobs and waits for those that run, of five seconds each; then new processes take the next ones. */
async function closeAndRestart(context: Context, folder: string, runs: number): Promise<Gap> {
  const peer = new BullmqPeer(context, { runs, bytes: BYTES, stepMs: STEP_MS, folder });
  // As in full swing: when it is closed, the jobs in flight are anywhere between their start and their end.
  await peer.add(runs, i => ((i + 1) * LONG_MS) / runs);
  await peer.add(2 * runs, () => LONG_MS, runs);
  peer.start('old');
  await peer.full();
  await settle();
  const closedAt = await peer.close('wait');
  peer.start('new');
  await peer.full();
  await goOn();
  await peer.end();
  const ledger = readLedger(folder);
  const stopped = ledger.filter(({ by, pid, lastAt }) => by === 'old' && lastAt >= closedAt.get(pid)!);
  const started = ledger.filter(({ by }) => by === 'new').slice(0, runs);
  check(started.length === runs, `${started.length} of ${runs} places have a job again`);
  check(
    stopped.length > 0.9 * runs && stopped.length <= runs,
    `${stopped.length} of ${runs} jobs were in flight`,
  );
  for (const stretch of [...stopped, ...started]) checkSum(stretch);
  // Jobs are not the same before and after: the place that fell idle first is the first to have one again.
  stopped.sort((a, b) => a.lastAt - b.lastAt);
  return gapOf(stopped.map((old, i) => ({ old, next: started[started.length - stopped.length + i]! })));
}

/**
 * What a hurried deploy does: SIGKILL, new processes, and the queue finds out by itself.
 * @returns `null` if BullMQ does not bring all runs back.
 */
async function killed(context: Context, folder: string, runs: number, tunedMs?: number): Promise<Gap | null> {
  const work = { runs, bytes: BYTES, stepMs: STEP_MS, folder };
  const peer = new BullmqPeer(context, { ...work, lockMs: tunedMs, stalledMs: tunedMs });
  await peer.add(runs);
  peer.start('old');
  await peer.full();
  await settle();
  const killedAt = monotonicMs();
  await peer.kill();
  // Room for all in each, so that a run that is started twice keeps no other one waiting.
  peer.start('new', runs);
  const entered = await peer.allEntered(runs, tunedMs === undefined ? 120_000 : 30_000);
  await goOn();
  await peer.end();
  if (entered < runs) {
    context.say(`${runs} runs, stalled check: only ${entered} of them went on`);
    return null;
  }
  const after = firstPerRun(readLedger(folder), 'new', runs);
  for (const stretch of after.values()) checkSum(stretch);
  return gapOf([...after.values()].map(next => ({ old: { lastAt: killedAt }, next })));
}

const LABELS = {
  slackwater: 'Slackwater, a window',
  bound: 'bound: bare IPC, nothing saved',
  'give-back': 'BullMQ, give-back by hand, restart',
  close: 'BullMQ close(), 5 s jobs, restart',
  stalled: 'BullMQ SIGKILL, stalled after 5 s',
  'stalled-defaults': 'BullMQ SIGKILL, defaults',
};

function answer({ sizes, rounds }: Context, figures: Figures, middle: number): Answer {
  const axis = bench.axis;
  const all = (kind: string) =>
    Object.entries(LABELS).map(([id, label]) => figures.series(`${kind}:${id}`, label, sizes));
  const sections: Section[] = [
    {
      title: 'From the first run that stops until all run again',
      unit: 'ms',
      chart: 'stop',
      axis,
      sizes,
      series: all('all'),
      ratios: [
        { label: 'Slackwater ÷ bound', over: 'all:slackwater', under: 'all:bound', target: { most: 3 } },
        {
          label: 'SIGKILL, stalled after 5 s ÷ Slackwater',
          over: 'all:stalled',
          under: 'all:slackwater',
          target: { least: 100 },
        },
        {
          label: 'SIGKILL, defaults ÷ Slackwater',
          over: 'all:stalled-defaults',
          under: 'all:slackwater',
          target: { least: 100 },
        },
        { label: 'close() ÷ Slackwater', over: 'all:close', under: 'all:slackwater', target: { least: 20 } },
        { label: 'give-back by hand ÷ Slackwater', over: 'all:give-back', under: 'all:slackwater' },
      ],
    },
    { title: 'Nothing computes', unit: 'ms', axis, sizes, series: all('nothing'), ratios: [] },
    {
      title: "A run's own pause: median of all runs",
      unit: 'ms',
      axis,
      sizes,
      series: [
        ...all('pause'),
        figures.series('pause:mixed', 'Slackwater, one run with 5 s steps among them', sizes),
      ],
      ratios: [
        {
          label: 'mixed ÷ unmixed',
          over: 'pause:mixed',
          under: 'pause:slackwater',
          target: { most: 3, size: middle, later: true },
        },
      ],
    },
    {
      title: "Slackwater's report beside the ledger outside Redis",
      unit: 'ms',
      axis,
      sizes,
      series: [
        figures.series('report:downtime', 'downtimeMs, report', sizes),
        figures.series('ledger:downtime', '… from the ledger', sizes),
        figures.series('report:stopped', 'stoppedMs, report', sizes),
        figures.series('ledger:stopped', '… from the ledger', sizes),
        figures.series('report:pause', 'pause.p50Ms, report', sizes),
        figures.series('pause:slackwater', '… from the ledger, with the next step', sizes),
        figures.series('report:longest', 'pause.maxMs, report', sizes),
        figures.series('ledger:longest', '… from the ledger, with the next step', sizes),
      ],
      ratios: [],
    },
    {
      title: 'Phases of the window; the work is stopped from within draining until within resuming',
      unit: 'ms',
      axis,
      sizes,
      series: ['preparing', 'draining', 'swapping', 'resuming'].map(phase =>
        figures.series(`phase:${phase}`, phase, sizes),
      ),
      ratios: [],
    },
  ];
  const windows = rounds * (sizes.length + 1);
  return {
    sections,
    checks: [
      `${windows} windows, each over all its runs: every run went on with the very next step, with the state it had, in attempt 1; none started twice`,
      'the same for the bound and for the give-back by hand; every state that a peer went on from is that of its steps',
    ],
    notes: [
      'all of it on one machine: host, workers, server and Redis of the product share the cores with nothing else, as each peer does in its turn',
      'BullMQ renews the locks of its jobs in the process that runs them; where that is so busy that locks are lost, runs are started twice, and a round in which not all went on within 30 s has no figure',
      'SIGKILL with defaults takes a minute, so it was taken once, for the smallest size',
      'the target for one slow run among many belongs to the issue "all come in together"',
    ],
  };
}
