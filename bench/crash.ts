import { setTimeout as wait } from 'node:timers/promises';
import { crashTables } from './crash-tables.js';
import { BullmqPeer } from './peers/bullmq.js';
import { type Answer, type Bench, type Context, check, Figures } from './support/bench.js';
import type { Child } from './support/child.js';
import { monotonicMs } from './support/clock.js';
import type { Stretch } from './support/ledger.js';
import { Product } from './support/product.js';
import { checkSum, readLedger } from './support/read-ledger.js';
import { askToFinish, roundFolder } from './support/rounds.js';
import { quantile } from './support/stats.js';

const STEP_MS = 50;
const BYTES = 1_024;
/** Shorter than the default of 10 s, so that the bench is too; the peer's lock and check are as long. */
const LOCK_MS = 2_000;
/** Long enough for regular saves to be under way. */
const settle = () => wait(1_000);
/** Some steps after it has gone on. */
const goOn = () => wait(200);

export const bench: Bench = {
  name: 'crash',
  question: 'how long until runs go on after SIGKILL?',
  axis: 'runs that lost their process',
  sizes: [10, 100, 500],
  rounds: 5,
  limitMs: 8 * 60_000,
  run,
};

async function run(context: Context): Promise<Answer> {
  const { sizes, rounds, say } = context;
  const product = await Product.start(context, { env: { SLACKWATER_LOCK_DURATION: `${LOCK_MS}ms` } });
  await product.deploy(await product.push('steps-v1'));
  const figures = new Figures();
  const take = (id: string, runs: number, { lastMs, medianMs, repeatedMs }: Recovery) => {
    figures.add(`last:${id}`, runs, lastMs);
    figures.add(`median:${id}`, runs, medianMs);
    figures.add(`repeated:${id}`, runs, repeatedMs);
    say(
      `${runs} runs, ${id}: the last goes on after ${Math.round(lastMs)} ms, ${Math.round(repeatedMs)} ms of work repeated at most`,
    );
  };
  for (let round = 1; round <= rounds; round++) {
    for (const runs of sizes) {
      const folder = (who: string) => roundFolder(context.dir, who, runs, round);
      take('worker', runs, await killWorker(product, folder('worker'), runs));
      take('host', runs, await killHost(product, folder('host'), runs));
      if (!context.quick) take('stalled', runs, await killStalled(context, folder('stalled'), runs));
    }
  }
  await product.stop();
  return crashTables(context, bench.axis, figures, { lockMs: LOCK_MS, stepMs: STEP_MS });
}

/** One of the host's workers dies with so many runs; its neighbours, and the host, live on. */
async function killWorker(product: Product, folder: string, runs: number): Promise<Recovery> {
  const [host] = product.hosts as [Child];
  const workers = product.workersOf(host).length;
  await begin(product, folder, runs * workers);
  const busy = readLedger(folder).map(({ pid }) => pid);
  const victim = busy[0]!;
  const killedAt = monotonicMs();
  process.kill(victim, 'SIGKILL');
  const ledger = await end(product, folder, runs * workers);
  return recoveryOf(ledger, new Set([victim]), killedAt, runs);
}

/** The host that holds all runs dies, and its workers with it; another one is there. */
async function killHost(product: Product, folder: string, runs: number): Promise<Recovery> {
  const [host] = product.hosts as [Child];
  await begin(product, folder, runs);
  const victims = new Set(product.workersOf(host));
  await product.startHost();
  await wait(500);
  const killedAt = monotonicMs();
  host.kill();
  product.hosts.shift();
  const ledger = await end(product, folder, runs);
  return recoveryOf(ledger, victims, killedAt, runs);
}

/** Plain BullMQ with the same lock time and save interval: all processes die, new ones find out by the stalled check. */
async function killStalled(context: Context, folder: string, runs: number): Promise<Recovery> {
  const peer = new BullmqPeer(context, {
    runs,
    bytes: BYTES,
    stepMs: STEP_MS,
    folder,
    lockMs: LOCK_MS,
    stalledMs: LOCK_MS,
    durable: true,
  });
  await peer.add(runs);
  peer.start('old');
  await peer.full();
  await settle();
  const killedAt = monotonicMs();
  await peer.kill();
  peer.start('new', runs);
  const entered = await peer.allEntered(runs, 60_000);
  check(entered === runs, `BullMQ brought ${entered} of ${runs} runs back`);
  await goOn();
  await peer.end();
  const ledger = readLedger(folder);
  const victims = new Set(ledger.filter(({ by }) => by === 'old').map(({ pid }) => pid));
  return recoveryOf(ledger, victims, killedAt, runs);
}

async function begin(product: Product, folder: string, runs: number): Promise<void> {
  const payload = { dir: folder, stepMs: STEP_MS, bytes: BYTES, durable: true };
  await product.enqueue(
    'bench.steps',
    Array.from({ length: runs }, (_, i) => ({ ...payload, run: `r${i}` })),
  );
  await product.untilRunning(runs);
  await settle();
}

/** Waits until all run again, lets them finish, and reads what they did. */
async function end(product: Product, folder: string, runs: number): Promise<Stretch[]> {
  await product.untilRunning(runs);
  await goOn();
  askToFinish(folder);
  await product.untilAllCompleted();
  return readLedger(folder);
}

interface Recovery {
  /** From the SIGKILL until the last of the runs has done a step again. */
  lastMs: number;
  medianMs: number;
  /** The most that a run had to do again. */
  repeatedMs: number;
}

/** @throws Error if a run is missing, spent an attempt, left out a step, or went on with another state than that of its steps. */
function recoveryOf(ledger: Stretch[], victims: Set<number>, killedAt: number, runs: number): Recovery {
  for (const stretch of ledger) {
    checkSum(stretch);
    check(stretch.attempt === 1, `${stretch.run} is in attempt ${stretch.attempt}`);
  }
  const lost = ledger.filter(({ pid }) => victims.has(pid));
  check(lost.length === runs, `${lost.length} runs lost their process, not ${runs}`);
  const again = lost.map(old => {
    const next = ledger.find(({ run, enteredAt }) => run === old.run && enteredAt > old.enteredAt);
    check(next !== undefined, `${old.run} never went on`);
    check(next.enteredAt > old.lastAt, `${old.run} ran in two places at once`);
    check(
      next.first <= old.last + 1,
      `${old.run} stopped after step ${old.last} and went on with ${next.first}`,
    );
    const aStep = (old.lastAt - old.enteredAt) / (old.last - old.first + 1);
    return { afterMs: next.firstAt - killedAt, repeatedMs: (old.last + 1 - next.first) * aStep };
  });
  const after = again.map(({ afterMs }) => afterMs);
  return {
    lastMs: quantile(after, 1),
    medianMs: quantile(after, 0.5),
    repeatedMs: quantile(
      again.map(({ repeatedMs }) => repeatedMs),
      1,
    ),
  };
}
