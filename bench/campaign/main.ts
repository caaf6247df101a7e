import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Scope } from '../support/scope.js';
import { campaign } from './campaign.js';
import { showAccount } from './show.js';

const DATA = fileURLToPath(new URL('../../.slackwater', import.meta.url));

const USAGE = `Usage: npm run campaign -- [--minutes N] [--seed N] [--json]

  Real processes, 200 runs in flight, windows one after another, faults at random; then what was lost or done twice is counted.
  --minutes   default 10; what is left then gets a few more to end
  --seed      default: another each time; the same seed gives the same faults and windows, not the same interleaving
`;

class Interrupted extends Error {}

process.exitCode = await main().catch(error => {
  process.stderr.write(
    `${error instanceof Interrupted ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  return 2;
});

/** @returns the exit code: 0, 1 where something was lost, done twice or left behind, 2 where it could not be carried through. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(USAGE, 0);
  const minutes = positive('--minutes', values.minutes);
  const seed = positive('--seed', values.seed);

  mkdirSync(DATA, { recursive: true });
  const dir = realpathSync(mkdtempSync(join(DATA, `campaign-${seed}-`)));
  const scope = new Scope();
  const interrupt = new AbortController();
  const listener = (name: NodeJS.Signals) => interrupt.abort(new Interrupted(`ended by ${name}`));
  process.on('SIGINT', listener).on('SIGTERM', listener);
  let good = false;
  try {
    const show = (line: string) => process.stderr.write(`${line}\n`);
    const account = await campaign({ minutes, seed, dir, scope, interrupted: interrupt.signal, show });
    writeFileSync(join(dir, 'account.json'), JSON.stringify(account, null, 2));
    good = account.good;
    print(values.json ? JSON.stringify(account, null, 2) : showAccount(account), 0);
  } finally {
    process.off('SIGINT', listener).off('SIGTERM', listener);
    await scope.close();
    if (good || interrupt.signal.aborted) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    else
      process.stderr.write(
        `seed ${seed}: the event log (events.log), the ledger and the logs of all processes are in ${dir}\n`,
      );
  }
  return good ? 0 : 1;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`${option} ${text}: write a number above 0\n\n${USAGE}`);
}

function print(text: string, code: number): number {
  writeSync(1, `${text}\n`);
  return code;
}
