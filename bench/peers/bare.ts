import { availableParallelism } from 'node:os';
import { type Context, check } from '../support/bench.js';
import { Child } from '../support/child.js';
import { checkHandover, type Gap, gapOf, onePerRun, readLedger } from '../support/read-ledger.js';
import { askToFinish } from '../support/rounds.js';
import type { InFlight } from '../work/in-flight.js';
import type { BareOptions } from './bare-host-main.js';

/** One handover between processes over bare IPC, as many workers as the product has. */
export async function bareHandover(
  context: Context,
  folder: string,
  { runs, bytes, stepMs, settle, goOn }: InFlight,
): Promise<Gap> {
  const options: BareOptions = {
    child: context.programs['bare-child']!,
    dir: folder,
    runs,
    bytes,
    stepMs,
    workers: availableParallelism(),
  };
  const host = new Child(context.programs['bare-host']!, [JSON.stringify(options)], context);
  await host.message('full');
  await settle();
  host.send({ t: 'swap' });
  await host.message('swapped');
  await goOn();
  askToFinish(folder);
  await host.message('finished');
  await host.stop();
  const ledger = readLedger(folder);
  check(ledger.length === 2 * runs, `the bare handover has ${ledger.length} starts of ${runs} runs`);
  const before = onePerRun(ledger, 'before', runs);
  const after = onePerRun(ledger, 'after', runs);
  checkHandover(before, after);
  return gapOf([...before].map(([run, old]) => ({ old, next: after.get(run)! })));
}
