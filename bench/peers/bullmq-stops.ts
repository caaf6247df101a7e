import { type Context, check } from '../support/bench.js';
import { monotonicMs } from '../support/clock.js';
import {
  checkHandover,
  checkSum,
  firstPerRun,
  type Gap,
  gapOf,
  onePerRun,
  readLedger,
} from '../support/read-ledger.js';
import type { InFlight } from '../work/in-flight.js';
import { BullmqPeer } from './bullmq.js';

/** Length of the jobs that `close()` waits for. */
const JOB_MS = 5_000;
/** How long a tuned stalled check may take to bring all runs back; with the defaults it is a minute, and may be two. */
const [TUNED_LIMIT_MS, DEFAULT_LIMIT_MS] = [30_000, 120_000];

/** The best that can be had by hand: at the next step each job saves its state and goes back to the queue, then `close()` and new processes. */
export async function giveBack(context: Context, folder: string, work: InFlight): Promise<Gap> {
  const { runs } = work;
  const peer = new BullmqPeer(context, { ...work, folder });
  await peer.add(runs);
  peer.start('old');
  await peer.full();
  await work.settle();
  await peer.close('give-back');
  peer.start('new');
  await peer.full();
  await work.goOn();
  await peer.end();
  const ledger = readLedger(folder);
  const before = onePerRun(ledger, 'old', runs);
  const after = onePerRun(ledger, 'new', runs);
  checkHandover(before, after);
  return gapOf([...before].map(([run, old]) => ({ old, next: after.get(run)! })));
}

/** What most do: `close()` takes no new jobs and waits for those that run, of five seconds each; then new processes take the next ones. */
export async function closeAndRestart(context: Context, folder: string, work: InFlight): Promise<Gap> {
  const { runs } = work;
  const peer = new BullmqPeer(context, { ...work, folder });
  // As in full swing: when it is closed, the jobs in flight are anywhere between their start and their end.
  await peer.add(runs, i => ((i + 1) * JOB_MS) / runs);
  await peer.add(2 * runs, () => JOB_MS, runs);
  peer.start('old');
  await peer.full();
  await work.settle();
  const closedAt = await peer.close('wait');
  peer.start('new');
  await peer.full();
  await work.goOn();
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
export async function killed(
  context: Context,
  folder: string,
  work: InFlight,
  tunedMs?: number,
): Promise<Gap | null> {
  const { runs } = work;
  const peer = new BullmqPeer(context, { ...work, folder, lockMs: tunedMs, stalledMs: tunedMs });
  await peer.add(runs);
  peer.start('old');
  await peer.full();
  await work.settle();
  const killedAt = monotonicMs();
  await peer.kill();
  // Room for all in each, so that a run that is started twice keeps no other one waiting.
  peer.start('new', runs);
  const entered = await peer.allEntered(runs, tunedMs === undefined ? DEFAULT_LIMIT_MS : TUNED_LIMIT_MS);
  await work.goOn();
  await peer.end();
  if (entered < runs) {
    context.say(`${runs} runs, stalled check: only ${entered} of them went on`);
    return null;
  }
  const after = firstPerRun(readLedger(folder), 'new', runs);
  for (const stretch of after.values()) checkSum(stretch);
  return gapOf([...after.values()].map(next => ({ old: { lastAt: killedAt }, next })));
}
