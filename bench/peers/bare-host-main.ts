import { type ChildProcess, fork } from 'node:child_process';
import { Outbox } from '../../src/platform/outbox.js';
import { freshState } from '../work/steps.js';
import type { FromBareChild, ToBareChild } from './bare-child-main.js';

/** The bound of a stop: the same handover between processes, with no queue, no lock, no proof and nothing saved. */
export interface BareOptions {
  child: string;
  dir: string;
  runs: number;
  bytes: number;
  stepMs: number;
  /** Processes of each generation. */
  workers: number;
}

const { child, dir, runs, bytes, stepMs, workers } = JSON.parse(process.argv[2]!) as BareOptions;
const yielded: { run: string; state: string; slot: number }[] = [];
let started = 0;
let ended = 0;
let gone = 0;

process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
process.on('message', message => (message as { t: string }).t === 'swap' && swap());

interface Slot {
  process: ChildProcess;
  outbox: Outbox<ToBareChild>;
}

const generation = (by: string): Slot[] =>
  Array.from({ length: workers }, (_, slot) => {
    const forked = fork(child, [dir, by, String(stepMs)], { stdio: ['ignore', 2, 2, 'ipc'] });
    forked.on('message', batch => receive(slot, batch as FromBareChild[]));
    forked.on('exit', () => ++gone === 2 * workers && process.send!({ t: 'finished' }));
    return { process: forked, outbox: new Outbox<ToBareChild>(batch => forked.send(batch)) };
  });

const before = generation('before');
// Loaded and idle, as the product's standby is.
const after = generation('after');

const first = JSON.stringify(freshState(bytes));
for (let i = 0; i < runs; i++) before[i % workers]!.outbox.push({ t: 'start', run: `r${i}`, state: first });

function receive(slot: number, batch: FromBareChild[]): void {
  for (const message of batch) {
    if (message.t === 'started') {
      if (++started === runs) process.send!({ t: 'full' });
      if (started === 2 * runs) process.send!({ t: 'swapped' });
    } else if (message.t === 'ended') {
      // The last one lets the process exit, which writes its ledger.
      if (++ended === runs) for (const { process: done } of after) done.disconnect();
    } else yielded.push({ run: message.run, state: message.state, slot });
  }
  if (yielded.length === runs) handOver();
}

function swap(): void {
  for (const { outbox } of before) outbox.push({ t: 'drain' });
}

/** A full stop, as in the product: nothing starts on the new code while anything runs on the old. */
function handOver(): void {
  for (const { run, state, slot } of yielded.splice(0)) after[slot]!.outbox.push({ t: 'start', run, state });
  for (const { process: old } of before) old.disconnect();
}
