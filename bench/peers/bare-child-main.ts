import { Outbox } from '../../src/platform/outbox.js';
import { ledgerOf } from '../support/ledger.js';
import { type StepState, walk } from '../work/steps.js';

/** The process under a bare handover: takes steps, and when told to drain sends each state back at the next step. */
export type ToBareChild = { t: 'start'; run: string; state: string } | { t: 'drain' };
export type FromBareChild =
  | { t: 'ended'; run: string }
  | { t: 'started'; run: string }
  | { t: 'yield'; run: string; state: string };

class Yielded extends Error {}

const [dir, by, stepMs] = process.argv.slice(2) as [string, string, string];
const ledger = ledgerOf(dir, by);
const outbox = new Outbox<FromBareChild>(batch => process.connected && process.send!(batch));
let draining = false;

process.on('disconnect', () => process.exit(0));
process.on('message', batch => {
  for (const message of batch as ToBareChild[]) {
    if (message.t === 'drain') draining = true;
    else void start(message.run, JSON.parse(message.state) as StepState);
  }
});

async function start(run: string, state: StepState): Promise<void> {
  outbox.push({ t: 'started', run });
  const save = (state: StepState) => {
    if (!draining) return;
    outbox.push({ t: 'yield', run, state: JSON.stringify(state) });
    throw new Yielded();
  };
  try {
    await walk({ ledger, run, attempt: 1, state, stepMs: Number(stepMs), save });
    outbox.push({ t: 'ended', run });
  } catch (error) {
    if (!(error instanceof Yielded)) throw error;
  }
}
